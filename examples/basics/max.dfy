// The larger of two numbers: the smallest spec with a hole.
//
// A contract says what a caller gets, and nothing about how. The text between the two vc-code tags below is only a
// placeholder: whatever takes its place has to be proved to keep the contract, for every `a` and every `b`.
//
// Both `ensures` lines are needed. With the second alone, any huge number would do as an answer; with the first alone,
// `a` would always do. A contract that is too weak is a wish that a program can grant without being of use.

method Max(a: int, b: int) returns (m: int)
  ensures m == a || m == b
  ensures a <= m && b <= m
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
