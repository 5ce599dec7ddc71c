"""Fills and verifies the specs of this folder: `doit generate`, `doit verify`."""

from s2c.tasks import *
