// Insertion sort: take the elements one by one, and put each where it belongs.
include "../lib/insert.dfy"
include "../lib/unique.dfy"

// `Insert` is for proofs; this is the program that computes it.
method InsertInto(x: int, s: seq<int>) returns (t: seq<int>)
  requires Sorted(s)
  ensures t == Insert(x, s)

method InsertionSort(s: seq<int>) returns (t: seq<int>)
  ensures Sorts(s, t)
