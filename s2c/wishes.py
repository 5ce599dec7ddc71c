"""What a run is asked for, as far as its command line tells before doit has read any task.

Law: in doubt every spec must be a task. That is so for commands other than `run`, for words that are not understood,
and where a dodo.py has tasks or settings of its own, which may depend on any of ours.
"""

from collections.abc import Collection, Mapping, Sequence

from s2c.skipping import Wish

KINDS = frozenset({"generate", "verify"})
# words that leave the tasks which a run needs as they are
PLAIN = frozenset({"run", "-n", "-P", "--process", "--par-type", "-v", "--verbosity", "-c", "--continue", "thread"})
OPTIONS = frozenset(
    {"batch-mode", "no-batch-mode", "batch-size", "context-aware", "smart-batching", "no-smart-batching", "quiet"}
)


def wish(words: Sequence[str]) -> Wish | None:
    """What these words of doit's command line ask for; None where every spec must be a task."""
    kinds, paths = set(), set()
    for word in words:
        kind, _, path = word.partition(":")
        if kind in KINDS and "*" not in path:
            kinds.add(kind)
            paths.add(path)
        elif (
            word not in PLAIN
            and word.removeprefix("--") not in OPTIONS
            and not word.isdigit()
            and not _is_setting(word)
        ):
            return None
    return Wish(frozenset() if "" in paths else frozenset(paths), verify=kinds != {"generate"})


def only_ours(dodo: Mapping[str, object], names: Collection[str], settings: object) -> bool:
    """Whether what a dodo.py holds are tasks of these names and these settings as they are, and no other tasks."""
    tasks = {name for name, one in dodo.items() if name.startswith("task_") or hasattr(one, "create_doit_tasks")}
    return dodo.get("DOIT_CONFIG") is settings and tasks <= set(names)


def _is_setting(word: str) -> bool:
    return "=" in word and not word.startswith("-")
