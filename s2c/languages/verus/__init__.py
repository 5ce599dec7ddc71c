"""Verus: reading, policy, crates, verifier and prompt."""

from s2c.languages.verus.verus import Verus

LANGUAGE = Verus()
