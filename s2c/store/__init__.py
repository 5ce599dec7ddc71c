"""The store: what was paid for, what came of it, and what this machine found out. See store.py."""

from s2c.store.secret import verdict_secret
from s2c.store.spool import Orphan, Spool
from s2c.store.store import Store

__all__ = ["Orphan", "Spool", "Store", "verdict_secret"]
