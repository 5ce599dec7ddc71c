// Two algorithms, written apart, give the same result on every input. No test could say that; here it is a proof.
//
// This file has no hole. It holds for whatever fills the holes of the files that it includes, because it uses nothing
// but their contracts.
include "algorithms/insertion.dfy"
include "algorithms/merge.dfy"

method Agree(s: seq<int>)
{
  var one := InsertionSort(s);
  var two := MergeSort(s);
  SortedUnique(one, two);
  assert one == two;
}
