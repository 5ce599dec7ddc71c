"""What two threads share about one sending: one reads the response, the other waits for what has come of it.

Law: whoever waits is never held by whoever reads: a deadline by the clock, or a stop, ends the wait, whatever drips in.
"""

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from s2c.pace import Turn
from s2c.trouble import Failure

_TICK = 0.1  # seconds between two looks at `stop`


@dataclass
class Inbox:
    """Payloads as they come, a failure, or None for the proper end. `deadline` by the monotonic clock."""

    deadline: float
    turn: Turn
    items: "queue.SimpleQueue[str | Failure | None]" = field(default_factory=queue.SimpleQueue)
    gone: threading.Event = field(default_factory=threading.Event)  # nobody waits any more
    request_id: str = ""

    def arriving(self, stop: threading.Event | None) -> Iterator[str | Failure]:
        """What arrives until its end, the deadline or a stop."""
        while True:
            if stop is not None and stop.is_set():
                yield Failure("stopped", stopped=True, maybe_billed=True)
                return
            left = self.deadline - time.monotonic()
            if left <= 0:
                yield Failure("no end before the deadline", may_retry=False, maybe_billed=True)
                return
            try:
                item = self.items.get(timeout=left if stop is None else min(left, _TICK))
            except queue.Empty:
                continue
            if item is None:
                return
            yield item

    def while_wanted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """These, until nobody waits any more."""
        for chunk in chunks:
            if self.gone.is_set():
                return
            yield chunk
