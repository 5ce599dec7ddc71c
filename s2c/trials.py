"""Candidates judged one by one, each beside what stands now, and what stands because of that.

Law: what a candidate is judged beside, and the names that it takes, are decided in one moment; acceptance is serial.
"""

import threading
from collections.abc import Callable

from s2c.accepted import Accepted
from s2c.doubt import Doubts
from s2c.graph import Component
from s2c.judge import Judge
from s2c.model import Event, Verdict, VerdictKind
from s2c.project import Project
from s2c.reuse import Candidate
from s2c.solution import Trial
from s2c.tools import Submit, Toolbox
from s2c.warm import Refuter

Listen = Callable[[Event], None]


class Trials:
    """Judges for one run. `accepted`: what stands so far."""

    def __init__(self, project: Project, submit: Submit, listen: Listen, refuter: Refuter | None = None) -> None:
        self.accepted = Accepted(project.graph)
        self.tools = Toolbox(project.config, project.graph.layouts, project.store, submit)
        self._judge = Judge(project.graph, project.config, project.store, self.tools.submit, refuter)
        self._doubts = Doubts()
        self._listen = listen
        self._lock = threading.Lock()

    def reserve(self, component: Component, candidate: Candidate | None) -> None:
        """Take the names of what will be judged, if they are free: in one thread, in an order that content decides."""
        with self._lock:
            if candidate is not None and not self.accepted.clashes(component, candidate.fills):
                self.accepted.reserve(component, candidate.fills)

    def trial(self, component: Component, candidate: Candidate) -> Trial:
        """Judge one candidate beside what stands now. Safe in any thread."""
        with self._lock:
            clashes = self.accepted.clashes(component, candidate.fills)
            case = self.accepted.case(component, candidate.fills)
            beside = self.accepted.beside(component)
            if not clashes:
                self.accepted.reserve(component, candidate.fills)
        self._listen(Event("judging", {"component": component.id, "origin": candidate.origin}))
        tool = self.tools.get(component.language)
        if isinstance(tool, str):
            verdict = Verdict(VerdictKind.TOOL_MISSING, "", tool)
        elif clashes:
            verdict = Verdict(VerdictKind.POLICY, "", clashes[0].message, refusals=clashes)
        else:
            doubted = self._doubts.doubted(component.id, candidate.origin)
            verdict = self._judge.judge(case, tool, doubted=doubted)
            self._doubts.note(component.id, candidate.origin, verdict)
        self._listen(
            Event("verdict", {"component": component.id, "verdict": str(verdict.kind), "cpu_ms": verdict.cpu_ms})
        )
        return Trial(candidate, verdict, beside)

    def settle(self, component: Component, trial: Trial) -> bool:
        """It stands from now on if it was verified, else its names are free again; whether it stands."""
        verified = trial.verdict.kind is VerdictKind.VERIFIED
        with self._lock:
            self.accepted.release(component)
            if verified:
                self.accepted.add(component, trial.candidate.fills)
        return verified

    def withdraw(self, component: Component) -> None:
        """What stood for it does not any more."""
        with self._lock:
            self.accepted.remove(component)
