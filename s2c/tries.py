"""The tries of one request: whether it is sent once more, and how long that waits.

Law: what may have been paid for without an answer is sent MAX_BILLED_TRIES times, not more; a wait that the endpoint
asks for is never cut short, and one that is longer than the settings allow is an error at once.
"""

from dataclasses import dataclass, replace

from s2c import trouble
from s2c.endpoint import Endpoint
from s2c.trouble import Failure

MAX_BILLED_TRIES = 2


@dataclass
class Tries:
    """How often one request was sent to `endpoint`, and how many of these sendings may be billed."""

    endpoint: Endpoint
    made: int = 0
    billed: int = 0

    def wait(self, failure: Failure) -> float:
        """Seconds to wait before the next try, after one that ended so. Raises its error if there is to be none."""
        self.made += 1
        self.billed += failure.maybe_billed
        endpoint, asked = self.endpoint, failure.wait
        if asked is not None and asked > endpoint.max_retry_wait:
            message = f"{failure.message} (it asks to wait {asked:.0f} s, more than is allowed)"
            raise trouble.error(replace(failure, message=message), endpoint.place, self.made)
        spent = self.made >= endpoint.max_tries or self.billed >= MAX_BILLED_TRIES
        if spent or not trouble.retries(failure):
            raise trouble.error(failure, endpoint.place, self.made)
        if asked is not None:  # never earlier than asked, and not all at the same moment
            return asked + trouble.backoff(1, min(endpoint.first_wait, asked / 4))
        return min(trouble.backoff(self.made, endpoint.first_wait), endpoint.max_retry_wait)
