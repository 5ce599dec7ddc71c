use vstd::prelude::*;

use crate::triangle::{triangle, triangle_closed};

verus! {

// <vc-helpers>
// </vc-helpers>

/// Adds up 1, 2, ..., n.
pub fn sum_up(n: u32) -> (sum: u64)
    requires
        n < 60000,
    ensures
        sum == triangle(n as nat),
// <vc-code>
{
    assume(false);
    unreached()
}
// </vc-code>

} // verus!
