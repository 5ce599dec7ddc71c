"""Random edits against an oracle: a project that is known by what it means, and what a build of it must do.

Law: nothing here looks into the tool's store, computes one of its keys, or imports what does. The oracle knows the
project since it made it, and keeps its own account of what was asked, what stands, and what is lost.
"""
