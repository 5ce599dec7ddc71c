"""Whether a model can be asked: the model, the endpoint, the key, the price; and, if it is wanted, one tiny request.

Law: nothing goes out but by `ping`, and then once, under the settings and the cap of a run. The key is never shown, nor
anything that tells of it; of an address neither user nor password.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace

from s2c import tokens
from s2c.checkup.finding import Finding, State, fail, of_error, ok, warn
from s2c.connect import endpoint
from s2c.endpoint import Endpoint
from s2c.endpoint import check as check_endpoint
from s2c.errors import S2cError
from s2c.llm import Client
from s2c.model import Answer, Message, Request
from s2c.money import Budget, caps
from s2c.prices import prices
from s2c.settings import Config
from s2c.store.spool import BROKEN
from s2c.trouble import Unavailable, shortened

NAME = re.compile(r"[A-Z_][A-Z0-9_]*")  # of a variable; whoever writes the key itself there must not see it again
QUESTION = "Answer with the single word: ready"
OUTPUT = 64  # tokens; some endpoints refuse a limit much lower
SECONDS = 120.0
SET_MODEL = 'set model = "..." in [tool.s2c] of pyproject.toml, or S2C_MODEL in the environment'


def model(config: Config) -> Iterator[Finding]:
    """Whether a model is named."""
    if config.model:
        yield ok("model", config.model)
    else:
        yield warn("model", "no model is set, so nothing can be asked", SET_MODEL)


def reach(config: Config) -> Iterator[Finding]:
    """Whether the address and the key are such that a request can go out; none does."""
    where = endpoint(config)
    try:
        check_endpoint(where)
    except S2cError as error:
        state = State.FAIL if _asks(config) else State.WARN
        own = "" if where.api_key.strip() else f"put the key into {_variable(config)}, or set base_url"
        yield replace(of_error("endpoint", error, state), fix=own or error.fix)
    else:
        yield ok("endpoint", f"{where.place}; {_key(config, where)}")


def price(config: Config) -> Iterator[Finding]:
    """Whether it is known what the model costs."""
    if not config.model:
        return
    known = prices(config).at_most(_request(config))
    fix = "set price_input and price_output (dollars per million tokens)"
    if known is not None:
        yield ok("price", f"known for {config.model}, by {prices(config).source}")
    elif not caps(config).in_dollars:
        yield warn("price", f"not known for {config.model}: costs are not told", fix)
    else:
        state = State.FAIL if _asks(config) else State.WARN
        said = f"not known for {config.model}, and {caps(config).in_dollars} is set: nothing is sent"
        yield Finding("price", state, said, f"{fix}, or unset {caps(config).in_dollars}")


def ping(config: Config) -> Iterator[Finding]:
    """One tiny request, as a run would send it, and what came of it."""
    if not _asks(config):
        why = "no model is set" if not config.model else "frozen or offline is set"
        yield warn("ping", f"nothing was sent: {why}", SET_MODEL if not config.model else "unset it for this command")
        return
    request = _request(config)
    budget = Budget(prices(config), caps(config))
    reservation = budget.reserve(request)  # with a cap and no price, nothing goes out
    one = replace(endpoint(config), max_tries=1, deadline=min(SECONDS, float(config.request_seconds)))
    try:
        with Client(one) as client:
            answer = client.ask(request)
    except Unavailable as error:
        yield fail("ping", f"{error.where}: {error.what}", "see whether base_url is right and what it names is up")
        return
    cost = budget.settle(reservation, answer.usage, answer.cost)
    yield _answered(answer, "" if cost is None else f", ${cost.normalize():f}")


def _answered(answer: Answer, cost: str) -> Finding:
    used = f"{answer.usage.prompt} + {answer.usage.completion} tokens{cost}, {answer.seconds} s"
    said = (
        f"{answer.served_model or answer.request.model} answered {shortened(answer.text)!r} ({answer.finish}; {used})"
    )
    if answer.finish in {"stop", "length"}:  # a model that thinks first may have used up so little by that
        return ok("ping", said)
    state = State.FAIL if answer.finish.startswith(BROKEN) else State.WARN
    return Finding("ping", state, said, "run it again; if it stays so, see what stands before it (a proxy, a filter)")


def _asks(config: Config) -> bool:
    return bool(config.model) and not (config.frozen or config.offline)


def _key(config: Config, where: Endpoint) -> str:
    if where.api_key.strip():
        return f"the key comes from {_variable(config)}"
    return f"no key is in {_variable(config)}: sent without one of yours"


def _variable(config: Config) -> str:
    """The variable's name, if it is one: a key that was written there by mistake is not shown."""
    shown = NAME.fullmatch(config.api_key_env) or config.api_key_env in os.environ
    return f"the variable {config.api_key_env}" if shown else "the variable that api_key_env names (not shown)"


def _request(config: Config) -> Request:
    told = (Message("user", QUESTION),)
    temperature = "" if config.temperature is None else str(config.temperature)
    return Request("", config.model, told, OUTPUT, temperature, prompt_tokens=tokens.count(QUESTION))
