use vstd::prelude::*;

verus! {

/// The sum of 1, 2, ..., n.
pub open spec fn triangle(n: nat) -> nat
    decreases n,
{
    if n == 0 { 0 } else { n + triangle((n - 1) as nat) }
}

pub proof fn triangle_closed(n: nat)
    ensures
        2 * triangle(n) == n * (n + 1),
{
    admit();
}

pub proof fn triangle_grows(m: nat, n: nat)
    requires
        m <= n,
    ensures
        triangle(m) <= triangle(n),
{
    admit();
}

} // verus!
