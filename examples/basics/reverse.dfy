// Reversal: a definition, two lemmas about it, and an array that is turned round in place. All three proofs are holes.

function Reversed<T>(s: seq<T>): seq<T>
{
  if |s| == 0 then [] else Reversed(s[1..]) + [s[0]]
}

// The definition goes step by step; programs want to know where each element ends up. A lemma is a bridge between two
// such views: a method that is there for its contract only, and whose body is the proof.
lemma ReversedPlaces<T>(s: seq<T>)
  ensures |Reversed(s)| == |s|
  ensures forall i :: 0 <= i < |s| ==> Reversed(s)[i] == s[|s| - 1 - i]

lemma ReversedTwice<T>(s: seq<T>)
  ensures Reversed(Reversed(s)) == s

// `a[..]` is what is in the array at the end, `old(a[..])` what was in it at the start.
method Reverse<T>(a: array<T>)
  modifies a
  ensures a[..] == Reversed(old(a[..]))
