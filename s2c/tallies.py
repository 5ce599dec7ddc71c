"""What requests of each size brought, kept in the store: by model, endpoint and language.

Law: only first requests teach, and only those that the model itself answered to the end or to its limit: a stream that
broke, a filter, a repair say nothing of size. What is kept is machine-local and made of counts alone; it is no part of
any key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, fields
from typing import Protocol

from s2c.asking import Wanted
from s2c.digest import Json, digest
from s2c.languages.base import Language, language
from s2c.model import Answer
from s2c.project import Project
from s2c.sizes import LADDER, Outcome, Tallies, Tally, corrected, learn, next_size, price

FORM = "sizes.1"
TEACH = frozenset({"stop", "length"})


def first_size(project: Project, spoken: Language) -> int:
    """How many specs a first request of this language may hold."""
    return next_size(known(project, spoken), spoken.batch_specs)


def known(project: Project, spoken: Language) -> Tallies:
    """What is known of today's model and endpoint. A row that can't be read is none."""
    row = project.store.analysis(_row(project, spoken))
    return _read(row) if isinstance(row, Mapping) else {}


class Batch(Protocol):
    """A request's specs, of one language: how many its answer left out, and how many were verified by now."""

    wanted: Sequence[Wanted]
    missing: int
    verified: int


def parsed(project: Project, batch: Batch, answer: Answer) -> None:
    """Keep what an answer left out. All that it holds is taken to be right until it is judged."""
    if _teaches(batch, answer):
        specs, usage = len(batch.wanted), answer.usage
        worth = price(usage.prompt or answer.request.prompt_tokens, usage.cached, usage.completion)
        one = Outcome(specs, batch.missing, specs - batch.missing, worth)
        _keep(project, batch, lambda known: learn(known, one))


def judged(project: Project, batch: Batch, answer: Answer) -> None:
    """Take back what was not verified."""
    wrong = len(batch.wanted) - batch.missing - batch.verified
    if wrong and _teaches(batch, answer):
        _keep(project, batch, lambda known: corrected(known, len(batch.wanted), wrong))


def _teaches(batch: Batch, answer: Answer) -> bool:
    return batch.wanted[0].attempt == 1 and answer.finish in TEACH


def _keep(project: Project, batch: Batch, change: Callable[[Tallies], Tallies]) -> None:
    spoken = language(batch.wanted[0].component.language)
    row: dict[str, Json] = {str(size): list(astuple(one)) for size, one in change(known(project, spoken)).items()}
    project.store.put_analysis(_row(project, spoken), row)


def _row(project: Project, spoken: Language) -> str:
    config = project.config
    return f"{FORM} {digest(FORM, [config.model, config.base_url, spoken.name])}"


def _read(row: Mapping[str, Json]) -> Tallies:
    found = {size: _tally(row.get(str(size))) for size in LADDER}
    return {size: tally for size, tally in found.items() if tally is not None}


def _tally(counts: Json) -> Tally | None:
    numbers = [one for one in counts if isinstance(one, int) and one >= 0] if isinstance(counts, list) else []
    return Tally(*numbers) if len(numbers) == len(fields(Tally)) else None
