"""Lean 4: grammar, reading, policy, verifier and prompt."""

from s2c.languages.known import Known

SAMPLE = """\
theorem double_even (n : Nat) : (n + n) % 2 = 0 := by
  sorry
"""

GET = "install elan (https://github.com/leanprover/elan), and with it the toolchain that lean-toolchain names"
LANGUAGE = Known(
    (".lean",),
    "lean:Lean",
    manifests=("lakefile.toml", "lakefile.lean", "lean-toolchain", "lake-manifest.json"),
    build_folders=("lake-packages",),  # of older Lakes; the newer ones' is hidden
    sample=SAMPLE,
    get=GET,
)
