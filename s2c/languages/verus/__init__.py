"""Verus: reading, policy, crates, verifier and prompt."""

from s2c.languages.known import Known

LANGUAGE = Known((".rs",), "verus:Verus", manifests=("Cargo.toml",), build_folders=("target",))
