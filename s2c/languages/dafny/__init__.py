"""Dafny: grammar, reading, policy, verifier and prompt."""

from s2c.languages.known import Known

SAMPLE = """\
method Double(n: int) returns (r: int)
  ensures r == 2 * n
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
"""

GET = "unpack a release of https://github.com/dafny-lang/dafny/releases and put its folder on PATH"
LANGUAGE = Known((".dfy",), "dafny:Dafny", manifests=("dfyconfig.toml",), sample=SAMPLE, get=GET)
