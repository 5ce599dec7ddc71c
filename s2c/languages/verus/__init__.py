"""Verus: reading, policy, crates, verifier and prompt."""

from s2c.languages.known import Known

SAMPLE = """\
use vstd::prelude::*;

verus! {

fn double(n: u32) -> (r: u64)
    ensures
        r == 2 * n,
{
    assume(false);
    unreached()
}

} // verus!
"""

GET = "unpack a release of https://github.com/verus-lang/verus/releases and put its folder on PATH"
LANGUAGE = Known((".rs",), "verus:Verus", manifests=("Cargo.toml",), build_folders=("target",), sample=SAMPLE, get=GET)
