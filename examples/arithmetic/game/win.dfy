// A game with matches: in turn, each of two players takes one, two or three. Who takes the last one wins.
//
// You win if some move leaves the other in a losing place; you lose if every move leaves the other in a winning one.
// Neither half can be said without the other, so this file and lose.dfy include each other, and are proved together.
include "lose.dfy"

predicate Wins(n: nat)
  decreases n
{
  (n >= 1 && Loses(n - 1)) || (n >= 2 && Loses(n - 2)) || (n >= 3 && Loses(n - 3))
}

// With one, two or three matches more than a multiple of four, you win. The proof is the winning strategy: it says
// which place to leave to the other.
lemma WinsElsewhere(k: nat, extra: nat)
  requires 1 <= extra <= 3
  ensures Wins(4 * k + extra)
  decreases 4 * k + extra
