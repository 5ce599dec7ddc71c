// Selection sort, in place: bring the smallest element of the rest to the front of the rest, until there is no rest.
include "../lib/order.dfy"

// <vc-helpers>
// </vc-helpers>

// The place of a smallest element among those from `start` on.
method SmallestFrom(a: array<int>, start: nat) returns (at: nat)
  requires start < a.Length
  ensures start <= at < a.Length
  ensures forall i :: start <= i < a.Length ==> a[at] <= a[i]
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>

method SelectionSort(a: array<int>)
  modifies a
  ensures Sorts(old(a[..]), a[..])
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
