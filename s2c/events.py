"""A project's own listeners: `listen` in a dodo.py hears everything that happens in a run, as it happens.

Law: a listener hears each event once, one at a time, in the thread in which it happened. What it raises ends the
listener, never the run, and is told. It may end the process: that is safe at every event. docs/events.md lists them.
"""

import sys
import threading
from collections.abc import Callable

from s2c.model import Event

Listen = Callable[[Event], None]

_LISTENERS: list[Listen] = []
_LOCK = threading.RLock()  # a signal may come while it is held, and whoever handles that tells things too


def listen(listener: Listen) -> Listen:
    """Call this function with every event of this process from now on; it can stand above it as a decorator."""
    with _LOCK:
        _LISTENERS.append(listener)
    return listener


def tell(event: Event) -> None:
    """Give an event to everyone who asked for it. Safe in any thread."""
    with _LOCK:
        for listener in tuple(_LISTENERS):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - it is the user's code, and may do anything
                _LISTENERS.remove(listener)
                name = getattr(listener, "__name__", repr(listener))
                what = f"{type(error).__name__}: {error}"
                sys.stderr.write(f"s2c: the listener {name} failed at {event.kind!r} and hears no more: {what}\n")
