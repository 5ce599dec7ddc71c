// The geometric series: 1 + 2 + 4 + 8 == 16 - 1, and the same for every other base.
include "powers.dfy"

function PowersBelow(b: int, n: nat): int
{
  if n == 0 then 0 else PowersBelow(b, n - 1) + Pow(b, n - 1)
}

lemma Geometric(b: int, n: nat)
  ensures (b - 1) * PowersBelow(b, n) == Pow(b, n) - 1

// With base two it says why binary numbers work: all smaller places together are one less than the next place.
lemma Binary(n: nat)
  ensures PowersBelow(2, n) == Pow(2, n) - 1
