// One more element for a sorted sequence.
include "order.dfy"

// A function without a body is a hole as well, with one difference: what fills it is a definition, and everybody who
// includes this file sees it. So files that do so wait until it is filled.
//
// They need not look at it, though. The contract says all there is to say: unique.dfy has the reason.
function Insert(x: int, s: seq<int>): seq<int>
  requires Sorted(s)
  ensures Sorts([x] + s, Insert(x, s))
  decreases |s|
