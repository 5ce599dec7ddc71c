/-! A function to be written, and what it must do. Whoever imports this file can see the function. -/

namespace Arith

/-- Twice a number. -/
def double (n : Nat) : Nat :=
  sorry

theorem double_eq (n : Nat) : double n = 2 * n := by
  sorry

end Arith
