"""`s2c graph [SPEC...]`: imports as a graph, for Graphviz or for programs.

Law: nodes have the states that `s2c plan` tells, and both formats say the same.
"""

import argparse
import json
import sys
from dataclasses import asdict

from s2c import drawing, plan
from s2c.commands import Subparsers
from s2c.commands.shared import selected, session
from s2c.drawing import Drawing


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    graph = commands.add_parser("graph", help="imports as a graph, with the state of each spec")
    graph.add_argument("specs", nargs="*", help="only these specs and what they import (default: all)")
    graph.add_argument("--format", choices=["dot", "json"], default="dot", help="for Graphviz (default), or as JSON")
    graph.set_defaults(run=_graph)


def _graph(parsed: argparse.Namespace) -> int:
    opened = session()
    wanted = selected(opened, parsed.specs)
    drawn = drawing.draw(opened.project.graph, plan.states(opened.project, opened.identities, wanted))
    sys.stdout.write(drawing.to_dot(drawn) if parsed.format == "dot" else _to_json(drawn))
    return 0


def _to_json(drawn: Drawing) -> str:
    return json.dumps(asdict(drawn), indent=1) + "\n"
