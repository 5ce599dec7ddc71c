"""The implementation of one spec, written from the solution of its component.

Law: build/ holds only what was judged under today's keys. What it held before and what was tried last are set aside,
and a person's edit that is not in what is written now is kept beside it: nobody's work gets lost.
"""

from collections.abc import Callable

from s2c import keys
from s2c.digest import digest_bytes
from s2c.languages.base import language
from s2c.model import Event
from s2c.project import Built, Project
from s2c.solution import Solution
from s2c.splice import splice


class Producer:
    """Writes into one project's build/."""

    def __init__(self, project: Project, listen: Callable[[Event], None]) -> None:
        self._project = project
        self._listen = listen

    def produce(self, path: str, solution: Solution, identity: str) -> Built | str:
        """Write build/PATH from its solution: what to record, or why there is none."""
        component = solution.component
        outputs, spec = self._project.outputs, self._project.graph.specs[path]
        if solution.fills is None or solution.key is None:
            self._set_aside(path, solution)
            return solution.reason
        spoken = language(component.language)
        fills = keys.member_fills(self._project.graph, component, solution.fills)
        content = splice(spec, spoken, fills[path]).content
        if solution.origin != "edited":
            self._keep_edit(path, content)
        self._listen(Event("writing", {"path": path}))
        self._listen(Event("written", {"path": path, "changed": outputs.write(path, content)}))
        outputs.clear_failed(path)
        options = self._project.graph.options(component)
        first = next((one.fills for one in self._project.stored(component, solution.key)), None)
        parts = keys.generated(solution.key, spec, identity, spoken.policy_version, options, first)
        return Built(parts, digest_bytes(content))

    def _set_aside(self, path: str, solution: Solution) -> None:
        """The old file goes to .stale, the last attempt to .failed: build/ holds nothing that is not judged."""
        self._project.outputs.retire(path)
        if solution.last is None:
            return
        fills = keys.member_fills(self._project.graph, solution.component, solution.last)[path]
        spec = self._project.graph.specs[path]
        if {hole.id for hole in spec.outline.holes} <= set(fills):
            content = splice(spec, language(spec.language), fills).content
            self._project.outputs.write_failed(path, content, "\n".join(solution.told))

    def _keep_edit(self, path: str, content: bytes) -> None:
        """An edit by hand that is not in `content`, which is written now, is kept beside: nobody's work gets lost."""
        touched = self._project.touched(path)
        if touched in {None, content}:
            return
        if self._project.recorded(path) is None:  # what doit forgot was written here may be a person's all the same
            self._project.outputs.retire(path)
            return
        self._listen(Event("edit-kept", {"path": path, "kept": self._project.outputs.keep_edited(path).name}))
