"""Dafny: grammar, reading, policy, verifier and prompt."""

from s2c.languages.dafny.dafny import Dafny

LANGUAGE = Dafny()
