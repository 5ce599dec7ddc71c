import Arith.Basic

namespace Arith

-- <vc-helpers>
-- </vc-helpers>

-- <vc-definitions>
def quad (n : Nat) : Nat :=
  sorry
-- </vc-definitions>

-- <vc-theorems>
theorem quad_eq (n : Nat) : quad n = 4 * n := by
  sorry
-- </vc-theorems>

end Arith
