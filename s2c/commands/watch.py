"""`s2c watch [SPEC...]`: builds as you save.

Law: it ends by Ctrl-C or SIGTERM, with 0, when its build has ended.
"""

import argparse
import signal
import sys
import time

from s2c import config as configs
from s2c import connect
from s2c.commands import Subparsers
from s2c.commands.shared import here, known, session_of
from s2c.errors import ConfigError
from s2c.settings import Config
from s2c.watch.changes import Sources
from s2c.watch.watcher import Watcher, say

STEP = 40  # milliseconds without another change before changes are told
DEBOUNCE = 200  # milliseconds at most that changes are held back while more come


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    watch = commands.add_parser("watch", help="build as you save: errors at once, then what is free")
    watch.add_argument("specs", nargs="*", metavar="SPEC", help="build these and what they import (all)")
    watch.set_defaults(run=_watch)


def _watch(parsed: argparse.Namespace) -> int:
    from watchfiles import watch  # noqa: PLC0415 - no other command needs it

    config = configs.load(configs.find_root(here()))
    _check(config)
    selected = _selected(config, parsed.specs)
    sources, watcher = Sources(config), Watcher(config, selected)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say(f"watch: {config.root}; Ctrl-C ends it")
    try:
        changes = watch(config.root, watch_filter=sources, step=STEP, debounce=DEBOUNCE, rust_timeout=500)
        watcher.start()
        for some in changes:
            watcher.saved(sources.paths(path for _, path in some))
    except KeyboardInterrupt:
        pass
    finally:
        watcher.end(lambda: time.sleep(0.05))
    sys.stdout.write("watch: ended\n")
    return 0


def _check(config: Config) -> None:
    if not (config.root / "dodo.py").is_file():
        raise ConfigError("there is no dodo.py", where=str(config.root), fix="`s2c init` makes one")
    if config.watch_asks and config.max_cost is None:
        raise ConfigError("watch_asks needs max_cost, which bounds an hour", fix="set max_cost in [tool.s2c]")


def _selected(config: Config, specs: list[str]) -> list[str]:
    if not specs:
        return []
    with connect.open_store(config) as store:
        opened = session_of(config, store)
        return [known(opened, one) for one in specs]
