// Whether two sequences have the same elements, found by sorting both. Why that is right is what unique.dfy says.
include "algorithms/merge.dfy"
include "lib/unique.dfy"

method Anagrams(s: seq<int>, t: seq<int>) returns (yes: bool)
  ensures yes <==> SameElements(s, t)
