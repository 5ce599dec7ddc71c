// The greatest common divisor, in Euclid's oldest form: take the smaller from the larger until both are the same.

// Dividing is taking away too: `d` divides `n` if taking `d` away again and again ends at nothing.
predicate Divides(d: nat, n: nat)
  requires d > 0
  decreases n
{
  n == 0 || (d <= n && Divides(d, n - d))
}

function Gcd(a: nat, b: nat): nat
  requires a > 0 && b > 0
  ensures Gcd(a, b) > 0
  decreases a + b
{
  if a < b then Gcd(a, b - a) else if b < a then Gcd(a - b, b) else a
}

// <vc-helpers>
// </vc-helpers>

// The definition above is a way to calculate. That it deserves its name is what the two lemmas say: it is a common
// divisor, and every other common divisor divides it.
lemma GcdDivides(a: nat, b: nat)
  requires a > 0 && b > 0
  ensures Divides(Gcd(a, b), a) && Divides(Gcd(a, b), b)
  decreases a + b
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>

lemma GcdGreatest(a: nat, b: nat, d: nat)
  requires a > 0 && b > 0 && d > 0
  requires Divides(d, a) && Divides(d, b)
  ensures Divides(d, Gcd(a, b))
  decreases a + b
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>

method Euclid(a: nat, b: nat) returns (g: nat)
  requires a > 0 && b > 0
  ensures g == Gcd(a, b)
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
