"""This repository's own build: the examples, from the records in cache/records/. A dodo.py of yours looks the same."""

from s2c.tasks import *
