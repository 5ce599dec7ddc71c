"""Where and how requests go out: settings as data, checked before anything is sent.

Law: an endpoint that can't work is a ConfigError here, not a failed request later; and the key never shows in a repr.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from s2c.errors import ConfigError

OPENAI_URL = "https://api.openai.com/v1"
AUTO = "auto"
LIMIT_NAMES = ("max_completion_tokens", "max_tokens")  # the new name and the old one
NO_KEY = "s2c-no-key"  # local servers want some key, any key


@dataclass(frozen=True)
class Endpoint:
    """Where and how to ask. Times in seconds. `temperature` is decimal text, "" leaves it to the endpoint."""

    base_url: str = OPENAI_URL
    model: str = ""
    api_key: str = field(default="", repr=False)
    output_limit_param: str = AUTO  # or one of LIMIT_NAMES
    temperature: str = ""
    read_timeout: float = 600.0  # between two reads; a model may think that long before its first token
    deadline: float = 1800.0  # for one try, from sending to the last token
    usage_timeout: float = 20.0  # after the finish reason, for the usage that should follow it
    max_retry_wait: float = 600.0  # a longer wait than this is not waited
    max_tries: int = 8
    first_wait: float = 1.0  # doubles from try to try
    requests: int = 4  # out at once, at most
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key as it is sent; a dummy where none is needed."""
        return self.api_key.strip() or NO_KEY

    @property
    def place(self) -> str:
        """The endpoint for messages: no user, no password, no query."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own: only there do organization and project belong."""
        host = _host(urlsplit(self.base_url))
        return host == "openai.com" or host.endswith(".openai.com")

    @property
    def is_local(self) -> bool:
        """Whether it is this machine: no proxy stands before it."""
        host = _host(urlsplit(self.base_url))
        return host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d+){3}", host) is not None


def check(endpoint: Endpoint) -> None:
    """Raises ConfigError for settings that can't work."""
    parts = urlsplit(endpoint.base_url)
    if parts.scheme not in {"http", "https"} or not _host(parts):
        raise ConfigError(
            f"base_url is not the address of an endpoint: {endpoint.place!r}", fix="it looks like https://host/v1"
        )
    if endpoint.output_limit_param not in {AUTO, *LIMIT_NAMES}:
        raise ConfigError(f"output_limit_param must be auto, {LIMIT_NAMES[0]} or {LIMIT_NAMES[1]}")
    if endpoint.is_openai and not endpoint.api_key.strip():
        raise ConfigError(
            "there is no key for OpenAI's endpoint",
            fix="put it into the variable OPENAI_API_KEY, or set base_url to another endpoint",
        )
    if not re.fullmatch(r"[!-~]+", endpoint.key):  # the key itself stays out of the message
        raise ConfigError("the key holds a blank or a character that no key has", fix="copy it again")


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")
