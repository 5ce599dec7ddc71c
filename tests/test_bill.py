"""What a plan says of round 1 against what a run does: never more than the bound, and exactly that with --check.

The states are those of the oracle's random edits: nothing built, half built, edited, copied, lost, tried in vain.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.machine import Machine
from tests.oracle.runs import Ran
from tests.projects import Ended

pytestmark = pytest.mark.endtoend

FEW, MANY = 6, 50


class Planned(Machine):
    """Plans before each whole run that may ask, and holds the run against the plan."""

    held = 0  # states that were compared
    sent = 0  # of those, states where something was sent

    def _run(self, how: Any, kill: float | None = None) -> Ran:
        if not (how.whole and how.asked) or "recheck=1" in how.words:
            return super()._run(how, kill)
        self.tree.env = self._env
        self.tree.configure(model=self.world.model, base_url=self._server.url, max_attempts=2)
        bound = _first(self.tree.s2c("plan", "--json"))
        exact = _first(self.tree.s2c("plan", "--check", "--json"))
        (self.tree.root / "build" / "events.jsonl").unlink(missing_ok=True)
        ran = super()._run(how, kill)
        real = self._round()
        told = f"bound {bound}, exact {exact}, real {real}\n{ran.text}"
        self._demand(all(was <= most for was, most in zip(real, bound, strict=True)), f"more than planned: {told}")
        self._demand(real == exact, f"not what was checked: {told}")
        self.held += 1
        self.sent += real[0] > 0
        return ran

    def _round(self) -> tuple[int, int, int]:
        """Requests, specs and prompt tokens of the first round of the last run."""
        log = self.tree.root / "build" / "events.jsonl"
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
        out = [one for one in events if one["event"] == "request" and one["round"] == 1]
        return len(out), sum(one["specs"] for one in out), sum(one["tokens"] for one in out)


def _first(ended: Ended) -> tuple[int, int, int]:
    """Requests, specs and prompt tokens of round 1 in a plan."""
    assert ended.code == 0, ended.text
    requests = json.loads(ended.out)["requests"]
    return len(requests), sum(len(one["specs"]) for one in requests), sum(one["tokens"] for one in requests)


@pytest.mark.parametrize("states", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_a_run_is_what_was_planned(tmp_path: Path, states: int) -> None:
    """Over random states: requests, specs and prompt tokens of round 1 are within the bound, and as --check says."""
    with Planned(tmp_path, "plan", kills=False) as machine:
        for number in range(10 * states):
            machine.play([number])
            if machine.held >= states:
                break
        assert machine.held >= states
        assert machine.sent > states // 4
