"""The workers of the Dask scheduler that a project names, looked at as a run does before it sends them anything.

Law: they run self-tests and nothing else; what the search for the host's verifiers remembers goes with it.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from s2c import executors
from s2c import spec as specs
from s2c.checkup.finding import Finding, ok, warn
from s2c.checkup.verifiers import aside
from s2c.languages.base import language
from s2c.settings import Config


def check(config: Config, names: Collection[str]) -> Iterator[Finding]:
    """Whether verifiers of these languages can run where `executor` says. Raises S2cError when no worker is fit."""
    if config.executor == "local":
        return
    refused: list[str] = []
    listing = specs.listing(config)
    layouts = {name: specs.layout(config, language(name), listing) for name in names}
    every = replace(config, jobs=0)  # as many runs at a time as there is room for
    with aside() as store, executors.make(every, layouts, store, refused.append, set()) as place:
        jobs = place.jobs
    for told in refused:
        yield warn("workers", told, "the others are used without it")
    yield ok("workers", f"{config.dask.address} has workers that are fit, for {jobs} runs at a time")
