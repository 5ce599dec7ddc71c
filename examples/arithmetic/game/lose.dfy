// The other half of the game: read win.dfy first.
include "win.dfy"

predicate Loses(n: nat)
  decreases n
{
  (n >= 1 ==> Wins(n - 1)) && (n >= 2 ==> Wins(n - 2)) && (n >= 3 ==> Wins(n - 3))
}

// With a multiple of four matches, you lose. The proof may use the lemma of win.dfy, whose proof uses this one. That is
// no circle, as there are fewer matches each time: `decreases` says so, and Dafny checks it across both files.
lemma LosesOnFours(k: nat)
  ensures Loses(4 * k)
  decreases 4 * k
