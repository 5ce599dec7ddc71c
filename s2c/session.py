"""One run of s2c without doit: solve what is selected, write what was accepted, verify what lies in build/.

Law: build/ holds only implementations that were judged under today's keys. `verify` trusts nothing that `generate`
said: it reads build/ again, holds every byte against the specs, and judges that.
"""

import json
import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from functools import cached_property

from s2c import built, executors, keys, patterns, plan, stands, tools, weak
from s2c.connect import exported, settle_orphans, solving
from s2c.errors import LimitReached, S2cError, ToolError
from s2c.executor import Executor
from s2c.judge import Judge
from s2c.languages.base import language
from s2c.lint import Remarks
from s2c.model import Event, Verdict, VerdictKind
from s2c.past import Past, because
from s2c.process import RawRun, Run
from s2c.producing import Producer
from s2c.project import Built, Project
from s2c.rounds import Client, Rehearsal, Rounds
from s2c.schedule import Schedule
from s2c.sending import Requests
from s2c.settings import Config
from s2c.solution import Solution
from s2c.solve import Listen, Solver
from s2c.store.files import sweep
from s2c.times import Times
from s2c.trials import Trials
from s2c.verdicts import to_json
from s2c.warm import Cold, Warm

Connect = Callable[[], Client]


class Session:
    """The state of one run. Lives as long as the process that doit started."""

    def __init__(self, project: Project, listen: Listen, connect: Connect) -> None:
        self.project = project
        self.solutions: dict[str, Solution] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.failed_requests: list[str] = []
        self.limit: LimitReached | None = None
        self.refused: S2cError | None = None
        self.runs = 0
        self.kept: set[str] = set()  # obligations for which something new stands since this run
        self.versions: dict[str, str] = {}
        self._others = listen
        self._connect = connect
        self._ends: list[Callable[[], None]] = []  # each ends something that runs for this session
        self._asker: Rounds | None = None
        self._fit_workers: set[str] = set()
        self._lock = threading.Lock()

    @property
    def config(self) -> Config:
        """The settings of this run."""
        return self.project.config

    @cached_property
    def times(self) -> Times:
        """How long checks took in earlier runs."""
        return Times(self.project.store)

    def _listen(self, event: Event) -> None:
        if event.kind == "verdict":
            self.times.note(str(event.data["component"]), int(str(event.data["cpu_ms"])))
        self._others(event)

    def _expect(self, components: Collection[str], jobs: int) -> None:
        ahead = self.times.ahead(components)
        self._listen(Event("checks", {"count": ahead.checks, "seconds": ahead.wall(jobs)}))

    @cached_property
    def identities(self) -> Mapping[str, str]:
        """Language -> identity of its verifier, "" where there is none; only for languages that the project has."""
        graph, store = self.project.graph, self.project.store
        found = dict.fromkeys((component.language for component in graph.components.values()), "")
        for name, layout in graph.layouts.items():  # none where no file of a language could be read
            with suppress(ToolError):
                found[name] = tools.identity(self.config, language(name), layout, store)
        return found

    @cached_property
    def parts(self) -> Mapping[str, Mapping[str, dict[str, str]]]:
        """Component id -> path -> the parts of its key, as they were when the run began."""
        return plan.identities(self.project, self.identities)

    def stale(self, path: str) -> tuple[str, ...]:
        """Why `generate:PATH` must run; empty if it need not."""
        component = self.project.component(path)
        if self.project.graph.broken(component.id):
            return ("it can't be read",)
        parts = self.parts.get(component.id)
        if parts is None:
            return ("it can see a fill of what it imports that does not stand yet",)
        if self.config.fresh:
            return ("fresh=1 asks again",)
        own = plan.why_stale(self.project, path, parts[path])
        others = (one for one in component.members if one != path)  # what is judged in one run stands or falls as one
        return own or next((why for one in others if (why := plan.why_stale(self.project, one, parts[one]))), ())

    @cached_property
    def _past(self) -> Past:
        """What obligations looked like, held against what stands when this run has solved all that it can."""
        return Past(self.project, lambda one: self.solutions[one].fills if one in self.solutions else None)

    def missing(self, path: str) -> tuple[str, ...]:
        """Why `frozen` has nothing for a path: what doit's records tell, else what those in the store do."""
        if (recorded := self.project.recorded(path)) is not None:
            return because(self._past, path, recorded.parts.get("obligation", ""), self.stale(path))
        key = (self.parts.get(self.project.component(path).id) or {path: {}})[path].get("obligation")
        made = self.project.store.latest_for_path(path)
        if made and all(one.obligation != key for one in made):
            (why,) = because(self._past, path, made[0].obligation, [keys.REASONS["obligation"]])
            return (f"the records hold an earlier form of it: {why}",)
        return ("the records hold something else for it",) if made else ("the records hold nothing for it",)

    def owes(self, path: str) -> str:
        """The obligation of a path's component, as it was when the run began or as it was solved; "" if unknown."""
        component = self.project.component(path)
        solution = self.solutions.get(component.id)
        parts = self.parts.get(component.id)
        return (solution.key if solution is not None else None) or (parts[path]["obligation"] if parts else "")

    # --- generate -----------------------------------------------------------------------------------------------

    def solve(self, wanted: Collection[str], asked: Collection[str]) -> None:
        """Find a solution for the components of these paths; only those in `asked` may cost a request."""
        home = self.project.graph.home
        new = plan.rekeyed(why for path in wanted for why in self.stale(path))
        for told in (*(note.text for note in self.project.graph.notes), *([new] if new else [])):
            self._listen(Event("note", {"note": told}))
        context = patterns.describe(self.project)
        may_ask = not (self.config.frozen or self.config.offline)
        asker = Rounds(self.project, self._connect, context, self._listen) if may_ask else None
        todo = {home[path] for path in wanted if self.stale(path)}
        with solving(self.config, self._listen), self._executor() as executor, self._warm(executor, len(todo)) as warm:
            self._listen(Event("locked"))
            for folder in (self.config.build_folder, self.project.store.records_folder):
                sweep(folder)
            self._asker = asker
            self._ends += [asker.close] if asker is not None else []
            settle_orphans(self.project.store, self._listen)
            self._expect(todo, executor.jobs)
            trials = Trials(self.project, self._counted(executor), self._listen, warm)
            solver = Solver(self.project, trials, executor.jobs * warm.wide, self._listen)
            current = stands.current(self.project, self.stale)
            try:
                with asker or nullcontext():
                    found = solver.solve({home[p] for p in wanted}, {home[p] for p in asked}, current, asker)
            finally:
                if asker is not None:
                    self.failed_requests += asker.failed
                    self.limit, self.refused = asker.limit, asker.refused
                self.kept |= solver.kept
                self.versions.update(solver.tools.versions)
                self.times.keep()
                self._listen(Event("exported", {"files": exported(self.config, self.project.store)}))
        self.solutions.update(found)
        self._past.keep(found.values())

    def give_back(self, paths: Collection[str]) -> None:
        """What build/ holds for these paths, all up to date, goes back into a store that lost it. Raises StoreError."""
        ours = (one for one in self.project.graph.components.values() if one.id not in self.solutions)
        owed = {one.id: self.owes(one.members[0]) for one in ours if all(path in paths for path in one.members)}
        if lost := stands.lost(self.project, owed):
            with solving(self.config, self._listen):
                stands.restore(self.project, lost)
                self._listen(Event("exported", {"files": exported(self.config, self.project.store)}))

    def rehearse(self, wanted: Collection[str]) -> Requests:
        """What a run over these paths would send first: all that is free is judged now and kept, nothing is asked."""
        graph, home = self.project.graph, {self.project.graph.home[path] for path in wanted}
        asked = {one for top in home for one in (top, *graph.closures[top])}
        rehearsal = Rehearsal(self.project, patterns.describe(self.project))
        with solving(self.config, self._listen), self._executor() as executor, self._warm(executor) as warm:
            trials = Trials(self.project, self._counted(executor), self._listen, warm)
            solver = Solver(self.project, trials, executor.jobs * warm.wide, self._listen)
            found = solver.solve(home, asked, stands.current(self.project, self.stale), rehearsal)
        self.solutions.update(found)
        return rehearsal.requests

    def generate(self, path: str) -> Built | str:
        """Write build/PATH from its solution: what to record, or why there is none."""
        component = self.project.component(path)
        solution = self.solutions.get(component.id)
        if solution is None:
            return "nothing was tried for it in this run"
        return Producer(self.project, self._listen).produce(path, solution, self.identities[component.language])

    # --- verify -------------------------------------------------------------------------------------------------

    def check(self, paths: Iterable[str]) -> None:
        """Judge what lies in build/ for these paths and all that they import, side by side, imports first."""
        graph = self.project.graph
        wanted = {one for path in paths for one in (graph.home[path], *graph.closures[graph.home[path]])}
        with self._executor() as executor, self._warm(executor) as warm:
            toolbox = tools.Toolbox(self.config, graph.layouts, self.project.store, self._counted(executor))
            judge = Judge(graph, self.config, self.project.store, toolbox.submit, warm)
            todo = [one for one in graph.components if one in wanted and one not in self.verdicts]
            self._expect(todo, executor.jobs)
            with Schedule(graph.closures, executor.jobs * warm.wide, self.times.of) as schedule:
                schedule.add(todo, lambda one: self._judge_built(one, toolbox, judge), self._found)
                schedule.drain()
        self.times.keep()
        self.versions.update(toolbox.versions)

    def verdict(self, path: str) -> tuple[Verdict, tuple[str, ...]]:
        """The verdict on build/PATH, and the imported components that are not verified."""
        component = self.project.component(path)
        if component.id not in self.verdicts:
            self.check([path])
        below = self.project.graph.closures[component.id]
        waiting = tuple(one for one in below if self.verdicts[one].kind is not VerdictKind.VERIFIED)
        return self.verdicts[component.id], waiting

    def verdict_key(self, path: str) -> str:
        """The key that `verify:PATH` must have been made under; "" if build/ lacks something or the tool is missing."""
        component = self.project.component(path)
        case = built.read(self.project, component)
        identity = self.identities[component.language]
        return "" if isinstance(case, Verdict) or not identity else built.key(self.project, case, identity)

    def write_verdict(self, path: str, verdict: Verdict, waiting: tuple[str, ...]) -> None:
        """Write the verdict file of build/PATH, for people and programs; no build ever reads it back."""
        told = {**to_json(verdict), "waiting": list(waiting)}
        self.project.outputs.write_verdict(path, (json.dumps(told, indent=1, sort_keys=True) + "\n").encode())
        self._listen(Event("checked", {"path": path, "verdict": str(verdict.kind), "waiting": list(waiting)}))

    def _judge_built(self, one: str, toolbox: tools.Toolbox, judge: Judge) -> Verdict:
        component = self.project.graph.components[one]
        case = built.read(self.project, component)
        if isinstance(case, Verdict):
            return case
        tool = toolbox.get(component.language)
        return Verdict(VerdictKind.TOOL_MISSING, "", tool) if isinstance(tool, str) else judge.judge(case, tool)

    def _found(self, one: str, verdict: Verdict) -> None:
        self.verdicts[one] = verdict
        self._listen(Event("verdict", {"component": one, "verdict": str(verdict.kind), "cpu_ms": verdict.cpu_ms}))

    # --- lint ---------------------------------------------------------------------------------------------------

    def remarks(self, wanted: Collection[str]) -> Remarks:
        """The remarks on these components' specs. With lint=deep verifiers run for what is not known yet."""
        if self.config.lint != "deep":
            return weak.known(self.project, wanted)
        with self._executor() as executor:
            submit = self._counted(executor)
            toolbox = tools.Toolbox(self.config, self.project.graph.layouts, self.project.store, submit)
            return weak.remarks(self.project, wanted, toolbox.get, toolbox.submit, executor.jobs)

    # --- processes ----------------------------------------------------------------------------------------------

    @property
    def jobs(self) -> int:
        """How many verifier processes run at a time on this machine."""
        return self.config.jobs or os.cpu_count() or 1

    def finish(self) -> int:
        """Ask for nothing more; how many answers are still awaited. Safe in any thread, and in a signal's handler."""
        return 0 if self._asker is None else self._asker.finish()

    def stop(self) -> None:
        """End every request and every process that runs for this session. Safe in any thread, and more than once."""
        for end in self._ends:
            end()

    def _executor(self) -> executors.Place:
        def say(text: str) -> None:
            self._listen(Event("note", {"note": text}))

        made = executors.make(self.config, self.project.graph.layouts, self.project.store, say, self._fit_workers)
        self._ends.append(made.close)
        return made

    def _warm(self, executor: executors.Place, ahead: int = 0) -> Warm | Cold:
        """Warm verifiers beside those of this machine; none where verifiers run elsewhere."""
        made = Warm(executor.jobs, ahead) if self.config.warm and self.config.executor == "local" else Cold()
        self._ends.append(made.close)
        return made

    def _counted(self, executor: Executor) -> tools.Submit:
        def submit(run: Run) -> Future[RawRun]:
            with self._lock:
                self.runs += 1
            return executor.submit(run)

        return submit
