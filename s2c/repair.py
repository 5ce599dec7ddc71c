"""What failed goes back: which holes are asked for again, and what the model is told of the attempt before.

Law: a repair asks for the holes of the owners that failed, and for helpers; what was not at fault stands pinned in the
prompt. Where it can't be told who failed, everything is asked for. What came twice is not shown again: then everything
is asked for anew, in another way.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from s2c import approach, blame
from s2c.approach import Standing
from s2c.asking import Wanted
from s2c.graph import Component
from s2c.model import Verdict, VerdictKind
from s2c.plan import attempts, whole
from s2c.project import Project
from s2c.prompts import Previous

NOTHING: Standing = MappingProxyType({})


def wanted(  # noqa: PLR0913, PLR0917 - what a repair starts from
    project: Project,
    component: Component,
    key: str,
    last: Mapping[str, str] | None = None,
    verdict: Verdict | None = None,
    standing: Standing = NOTHING,
) -> Wanted:
    """What to ask for: after an attempt of this run (`last`), else after the last one on record, else everything.

    `standing`: the fills by slot of what stands now; a fresh start shows those around it.
    """
    made = attempts(project, component, key)
    asked = whole(project, component, key, len(made) + 1)
    start = approach.start(made)
    if start is not None:
        shown = approach.more(project, component, start, standing)
        return replace(asked, start=start.why, more=shown, room=start.room)
    if last is None and made:
        one = made[-1]
        last, verdict = one.fills, Verdict(one.verdict, "", one.reason, one.diagnostics, one.refusals)
    return asked if last is None or verdict is None else after(project, asked, last, verdict)


def after(project: Project, whole: Wanted, last: Mapping[str, str], verdict: Verdict) -> Wanted:
    """What to ask for instead of the whole component, after `verdict` on the fills `last`."""
    every = whole.slots
    absent = every - set(last)
    if verdict.kind is VerdictKind.INCOMPLETE and absent and last:
        return replace(whole, slots=absent, pinned={slot: last[slot] for slot in every - absent})
    said = blame.trimmed(project, whole.component, last, verdict)
    asked = (blame.failed(project, whole.component, last, verdict) if not absent else frozenset()) or every
    pinned = {slot: text for slot, text in last.items() if slot not in asked}
    reason = blame.cut(verdict.reason)
    told = Previous({}, str(verdict.kind), reason, said.diagnostics, said.refusals, said.left_out)
    return replace(whole, slots=asked, pinned=pinned, previous=told, previous_fills=last)
