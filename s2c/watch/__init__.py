"""`s2c watch`: what a person sees while editing: errors and holes at once, then what is free, then perhaps a request.

Law: the watcher itself builds nothing. Each build is a `doit` in a process of its own, one at a time, ended by the
signals that it knows, so neither its memory nor a half-done state outlives it. What is saved meanwhile waits for the
next one. Nothing is asked unless `watch_asks` is set, and then within `max_cost` an hour, whoever restarts the watcher.
"""
