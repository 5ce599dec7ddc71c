// Words that read the same from both ends.
//
// The definition of reversal comes from another file, and with it the contracts of the lemmas there, proved or not yet:
// the proofs behind them may be found later, or change, and nothing here notices.
include "reverse.dfy"

method IsPalindrome(word: string) returns (yes: bool)
  ensures yes <==> word == Reversed(word)
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
