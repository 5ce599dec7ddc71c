// Powers, the two laws that they are calculated with, and a program that needs few multiplications.

function Pow(b: int, n: nat): int
{
  if n == 0 then 1 else b * Pow(b, n - 1)
}

// <vc-helpers>
// </vc-helpers>

lemma PowAdd(b: int, m: nat, n: nat)
  ensures Pow(b, m + n) == Pow(b, m) * Pow(b, n)
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>

lemma PowSquare(b: int, n: nat)
  ensures Pow(b * b, n) == Pow(b, 2 * n)
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>

// A contract does not say how fast a program is. But the second law is there for a reason: squaring the base halves
// the exponent, so even the thousandth power takes about a dozen steps.
method Power(b: int, n: nat) returns (p: int)
  ensures p == Pow(b, n)
  decreases n
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
