"""Lean 4: grammar, reading, policy, verifier and prompt."""

from s2c.languages.lean.lean import Lean

LANGUAGE = Lean()
