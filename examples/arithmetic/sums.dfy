// Three sums that everybody knows, proved for every `n` at once. The first proof is given; the other two are holes.

function SumOfOdds(n: nat): nat
{
  if n == 0 then 0 else SumOfOdds(n - 1) + 2 * n - 1
}

function Sum(n: nat): nat
{
  if n == 0 then 0 else Sum(n - 1) + n
}

function SumOfCubes(n: nat): nat
{
  if n == 0 then 0 else SumOfCubes(n - 1) + n * n * n
}

// The first odd numbers add up to a square: 1 + 3 + 5 == 9.
//
// This is a proof by induction. A lemma may call itself on something smaller, and then knows that the smaller case is
// true. `calc` writes down the steps from one side of the equation to the other, each with its reason in braces.
lemma Odds(n: nat)
  ensures SumOfOdds(n) == n * n
{
  if n > 0 {
    calc {
      SumOfOdds(n);
      SumOfOdds(n - 1) + 2 * n - 1;
      { Odds(n - 1); }
      (n - 1) * (n - 1) + 2 * n - 1;
      n * n;
    }
  }
}

// What young Gauss saw: 1 + 2 + ... + 100 is 50 pairs of 101. Twice the sum, so that nothing has to be divided.
lemma Gauss(n: nat)
  ensures 2 * Sum(n) == n * (n + 1)

// Nicomachus: 1 + 8 + 27 == (1 + 2 + 3) squared.
lemma Cubes(n: nat)
  ensures SumOfCubes(n) == Sum(n) * Sum(n)
