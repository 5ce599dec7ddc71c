// The sum of a sequence: a definition, and a program that is held to it.

// What a sum is, in the shortest way there is. A function like this one is for proofs: no running program calls it.
function Sum(s: seq<int>): int
{
  if |s| == 0 then 0 else s[0] + Sum(s[1..])
}

// The hole below may need a fact that is worth a name of its own, such as what one more element at the end adds to a
// sum. Such facts, proofs included, go into this second hole. It may also stay empty.
// <vc-helpers>
// </vc-helpers>

// The program. The contract leaves open whether it adds from the left or from the right, in a loop or by recursion.
method Total(s: seq<int>) returns (total: int)
  ensures total == Sum(s)
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
