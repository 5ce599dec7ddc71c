"""The commands of the console script: a module each, with `add`, which tells the parser of it.

Law: a command reads the project through the engine, as a run does, and prints; it computes nothing of its own that a
run would compute in another way.
"""

import argparse
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
"""What `add` is given."""
