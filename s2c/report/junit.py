"""A run as JUnit XML: what CI servers show as a list of tests, one for each file and kind of task.

Law: what is not green is never a passed test. Whatever stands in a message, the file is well-formed XML.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from s2c.report.result import Case, Result

# what XML 1.0 can't hold, and what some readers can't: surrogates and non-characters
_NO_XML = re.compile("[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = {"failed": "failure", "error": "error", "skipped": "skipped"}


def render(result: Result) -> bytes:
    """The file: a suite for each kind of task, and one for an error that ended the run."""
    top = ET.Element("testsuites", {"name": "s2c"})
    for kind in ("generate", "verify"):
        cases = [one for one in result.cases if one.kind == kind]
        if cases:
            _suite(top, kind, cases)
    if result.error:
        _suite(top, "run", [Case("run", "s2c", "error", "error", result.error)])
    for name, value in _counts(result.cases, more=1 if result.error else 0).items():
        top.set(name, value)
    ET.indent(top, " ")
    return bytes(ET.tostring(top, encoding="utf-8", xml_declaration=True)) + b"\n"


def _suite(top: ET.Element, kind: str, cases: Sequence[Case]) -> None:
    skipped = str(sum(1 for one in cases if one.outcome == "skipped"))
    suite = ET.SubElement(top, "testsuite", {"name": kind, **_counts(cases), "skipped": skipped, **_time(kind, cases)})
    for one in cases:
        words = {"classname": kind, "name": plain(one.path)}
        made = ET.SubElement(suite, "testcase", {**words, **_time(kind, [one])})
        if one.outcome != "passed":
            told = ET.SubElement(made, _TAG[one.outcome], {"message": plain(one.reason or one.state)})
            if one.outcome != "skipped":
                told.set("type", plain(one.state))
                told.text = plain("\n".join(one.details))


def _time(kind: str, cases: Sequence[Case]) -> dict[str, str]:
    """Processor seconds of their last checks, in whichever run; answers of a model have no such time."""
    return {"time": f"{sum(one.milliseconds for one in cases) / 1000:.3f}"} if kind == "verify" else {}


def _counts(cases: Sequence[Case], more: int = 0) -> dict[str, str]:
    found = {name: sum(1 for one in cases if one.outcome == name) for name in ("failed", "error")}
    counts = {"tests": len(cases) + more, "failures": found["failed"], "errors": found["error"] + more}
    return {name: str(value) for name, value in counts.items()}


def plain(text: str) -> str:
    r"""The text with what XML can't hold written as `\x1b`."""
    return _NO_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
