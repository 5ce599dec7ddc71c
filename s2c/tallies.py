"""What requests of each size brought, kept in the store: by model, endpoint and language.

Law: only first requests teach, and only those that the model itself answered to the end or to its limit: a stream that
broke, a filter, a repair say nothing of size. What is kept is machine-local and made of counts alone; it is no part of
any key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from typing import Protocol

from s2c.asking import Wanted
from s2c.digest import Json, digest
from s2c.languages.base import Language, language
from s2c.model import Answer
from s2c.project import Project
from s2c.sizes import LADDER, Outcome, Tallies, Tally, learn, next_size, price

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
    """A request's specs, of one language, all judged: how many its answer left out, and how many were verified."""

    wanted: Sequence[Wanted]
    missing: int
    verified: int


def take(project: Project, batch: Batch, answer: Answer) -> None:
    """Keep what a request brought, if it teaches."""
    first = batch.wanted[0]
    if first.attempt == 1 and answer.finish in TEACH and not project.store.read_only:
        usage, spoken = answer.usage, language(first.component.language)
        worth = price(usage.prompt or answer.request.prompt_tokens, usage.cached, usage.completion)
        one = Outcome(len(batch.wanted), batch.missing, batch.verified, worth)
        now = learn(known(project, spoken), one)
        row: dict[str, Json] = {str(size): list(astuple(tally)) for size, tally in now.items()}
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
