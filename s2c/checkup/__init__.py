"""What can be found out about this machine and a project before a run: a module for each side of it.

Law: a check looks and tells. It asks no endpoint unless it is told to, it changes no project, and what goes wrong in
one check is a finding of that check and of no other.
"""
