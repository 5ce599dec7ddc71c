"""doit in a process of its own for every run, without starting Python each time: it is forked from this one.

Law: what a run changes dies with it. This process imports doit and s2c and does nothing with them: all that keeps a
state of a run (`s2c.tasks`) is first imported in the fork. Each fork is a session of its own, as a shell starts it.

Reads orders from stdin, one JSON object a line: arguments, cwd, env, out, err (paths). Writes the process id when it
has begun, then its exit code (negative: a signal).
"""

import gc
import importlib
import json
import os
import pkgutil
import sys
import traceback
from typing import Any, NoReturn

LATE = {"s2c.tasks", "s2c.cli", "s2c.ending"}
EXTRA = {"s2c.cluster", "s2c.fleet"}  # with executor = "dask" alone
OTHERS = ("doit.doit_cmd", "doit.dependency", "doit.reporter", "openai", "tiktoken", "diskcache", "filelock", "sqlite3")


def load() -> None:
    """Import everything that a run imports, but for what keeps its state."""
    sys.path[0] = os.sep  # not the folder of this file
    package = importlib.import_module("s2c")
    for found in pkgutil.walk_packages(package.__path__, "s2c."):
        if found.name not in LATE | EXTRA and ".grammar" not in found.name:
            importlib.import_module(found.name)
    for name in OTHERS:
        importlib.import_module(name)


def run(order: dict[str, Any]) -> NoReturn:
    """In the fork: become `python -m doit ARGUMENTS`."""
    os.setsid()
    os.chdir(order["cwd"])
    os.environ.update(order["env"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["doit", *order["arguments"]]
    sys.path[0] = order["cwd"]
    gc.unfreeze()
    code: object = 1
    try:
        doit_cmd = importlib.import_module("doit.doit_cmd")
        code = doit_cmd.DoitMain().run(order["arguments"])
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - as Python itself would end
        traceback.print_exc()
    sys.exit(code if isinstance(code, int) else 0 if code is None else 1)


def main() -> None:
    """Serve orders until stdin ends."""
    load()
    gc.freeze()
    print("ready", flush=True)  # noqa: T201 - the protocol
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            run(order)
        print(child, flush=True)  # noqa: T201 - the protocol
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the protocol


if __name__ == "__main__":
    main()
