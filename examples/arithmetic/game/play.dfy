// A player that never throws a won game away. It knows the strategy; it does not search.
include "win.dfy"

method Move(n: nat) returns (take: nat)
  requires n % 4 != 0
  ensures 1 <= take <= 3 && take <= n
  ensures Loses(n - take)
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
