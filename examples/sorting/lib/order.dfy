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

// What is at most every element of `s` is at most every element of `t`, if they have the same ones. The detour over
// multisets is the whole proof; it is given here so that nobody has to find it twice.
lemma SameLowerBound(low: int, s: seq<int>, t: seq<int>)
  requires SameElements(s, t)
  requires forall i :: 0 <= i < |s| ==> low <= s[i]
  ensures forall i :: 0 <= i < |t| ==> low <= t[i]
{
  forall i | 0 <= i < |t|
    ensures low <= t[i]
  {
    assert t[i] in multiset(t);
    assert t[i] in multiset(s);
  }
}
