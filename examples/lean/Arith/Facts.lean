import Arith.Basic

/-! Proofs alone: nobody who imports this file has to wait for them. -/

namespace Arith

theorem double_even (n : Nat) : double n % 2 = 0 := by
  sorry

theorem double_mono (m n : Nat) (h : m ≤ n) : double m ≤ double n := sorry

end Arith
