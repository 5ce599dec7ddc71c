"""`s2c report ...`: what is made of the results of runs.

Law: nothing is run and nothing is asked.
"""

from s2c.commands import Subparsers, merge


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    report = commands.add_parser("report", help="what is made of the results of runs")
    merge.add(report.add_subparsers(required=True, metavar="WHAT"))
