// One more element for a sorted sequence.
include "order.dfy"

// A function without a body is a hole as well, with one difference: what fills it is a definition, and every file that
// includes this one sees it. So those files wait until it is filled.
//
// A proof that looks at the definition may break when another takes its place. A proof that uses the contract alone
// can't break, and nothing is lost by that: unique.dfy says why this contract leaves no choice.
function Insert(x: int, s: seq<int>): seq<int>
  requires Sorted(s)
  ensures Sorts([x] + s, Insert(x, s))
  decreases |s|
