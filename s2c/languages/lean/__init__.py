"""Lean 4: grammar, reading, policy, verifier and prompt."""

from s2c.languages.known import Known

LANGUAGE = Known(
    (".lean",),
    "lean:Lean",
    manifests=("lakefile.toml", "lakefile.lean", "lean-toolchain", "lake-manifest.json"),
    build_folders=("lake-packages",),  # of older Lakes; the newer ones' is hidden
)
