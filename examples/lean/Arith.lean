import Arith.Quad
import Arith.Facts
