// Search in a sorted sequence.
//
// Tags are not always needed. In a file that has none, every method, lemma or function without a body is a hole; so
// this file has two.

predicate Sorted(s: seq<int>)
{
  forall i, j :: 0 <= i < j < |s| ==> s[i] <= s[j]
}

// Where `key` belongs: all before that place is smaller, all from there on is not. The question always has an answer,
// at the very end if need be, so no "-1 for not found" is needed.
method LowerBound(s: seq<int>, key: int) returns (at: nat)
  requires Sorted(s)
  ensures at <= |s|
  ensures forall i :: 0 <= i < at ==> s[i] < key
  ensures forall i :: at <= i < |s| ==> key <= s[i]

// A proof sees of the methods that it calls only their contracts. The one above says enough for this hole to be filled
// before anybody knows how `LowerBound` is done.
method Contains(s: seq<int>, key: int) returns (found: bool)
  requires Sorted(s)
  ensures found <==> key in s
