"""Dafny: grammar, reading, policy, verifier and prompt."""

from s2c.languages.known import Known

LANGUAGE = Known((".dfy",), "dafny:Dafny", manifests=("dfyconfig.toml",))
