// What sorting means. This file has no hole: it is what all others here agree on, and it is checked as it stands.

predicate Sorted(s: seq<int>)
{
  forall i, j :: 0 <= i < j < |s| ==> s[i] <= s[j]
}

// The same elements, each as often, in whatever order. Without this, `[]` would do as an answer to every sort.
predicate SameElements(s: seq<int>, t: seq<int>)
{
  multiset(s) == multiset(t)
}

// `t` is `s`, sorted.
predicate Sorts(s: seq<int>, t: seq<int>)
{
  Sorted(t) && SameElements(s, t)
}

// What is in the one is in the other. Dafny knows it of multisets; this lemma says it of sequences.
lemma SameMembers(s: seq<int>, t: seq<int>)
  requires SameElements(s, t)
  ensures forall x :: x in s <==> x in t
{
  forall x
    ensures x in s <==> x in t
  {
    calc {
      x in s;
      x in multiset(s);
      x in multiset(t);
      x in t;
    }
  }
}
