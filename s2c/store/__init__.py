"""The store: what was paid for, what came of it, and what this machine found out. See store.py."""

from s2c.store.care import Care
from s2c.store.exchange import Taken
from s2c.store.rows import Mark
from s2c.store.secret import verdict_secret
from s2c.store.spool import Orphan, Spool
from s2c.store.store import Store

__all__ = ["Care", "Mark", "Orphan", "Spool", "Store", "Taken", "verdict_secret"]
