"""A real server on 127.0.0.1 that speaks the OpenAI protocol, and misbehaves on demand.

Law: it is what an endpoint is to s2c: bytes on a socket. A behaviour is a function that gets an `Exchange` and sends
what it likes; `Server(first, second, ...)` uses one a request, the last one for all that follow. Every POST is kept in
`server.requests` before it is answered, so tests can count what was sent.
"""

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from s2c import tokens

MODEL = "played-model-1"
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


@dataclass(frozen=True)
class Received:
    """One POST as it came in. Header names are lower case; `body` is the parsed JSON."""

    number: int  # from 1
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(repr=False)

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        texts = [one["content"] for one in self.body["messages"] if one["role"] == "user"]
        return str(texts[-1]) if texts else ""

    @property
    def prompt_tokens(self) -> int:
        """The tokens of all messages, as s2c counts them."""
        return sum(tokens.count(str(one["content"])) for one in self.body["messages"])

    @property
    def max_output(self) -> int:
        """The output limit that was asked for, by either name; 0 if there is none."""
        return int(self.body.get("max_completion_tokens") or self.body.get("max_tokens") or 0)


class Exchange:
    """One request and the open connection to answer on."""

    def __init__(self, handler: BaseHTTPRequestHandler, received: Received, closing: threading.Event) -> None:
        self.received = received
        self.closing = closing  # set when the server closes: a behaviour that waits must end then
        self._handler = handler
        self._chunked = False

    def send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        """A whole answer of these bytes."""
        self._head(status, {"content-length": str(len(content)), **headers})
        self._handler.wfile.write(content)

    def send_json(self, status: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer of this JSON value."""
        self.send(status, json.dumps(value).encode(), {"content-type": "application/json", **(headers or {})})

    def open(self, *, chunked: bool = True, content_type: str = "text/event-stream") -> None:
        """The head of a streamed answer, in HTTP chunks or until the connection closes."""
        self._chunked = chunked
        end = {"transfer-encoding": "chunked"} if chunked else {"connection": "close"}
        self._head(200, {"content-type": content_type, "x-request-id": f"req-{self.received.number}", **end})

    def raw(self, content: bytes) -> None:
        """These bytes of a streamed answer's body, now."""
        self._handler.wfile.write(b"%x\r\n%b\r\n" % (len(content), content) if self._chunked else content)
        self._handler.wfile.flush()

    def event(self, value: object) -> None:
        """One event with this JSON value, or with this text as it is."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        self.raw(f"data: {text}\n\n".encode())

    def end(self) -> None:
        """The proper end of a streamed answer."""
        if self._chunked:
            self._handler.wfile.write(b"0\r\n\r\n")

    def drop(self, *, reset: bool = False) -> None:
        """Cut the connection: FIN, or RST."""
        self._handler.wfile.flush()
        self._handler.close_connection = True
        connection = self._handler.connection
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        else:
            connection.shutdown(socket.SHUT_RDWR)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()


Behaviour = Callable[[Exchange], None]


class _Listener(ThreadingHTTPServer):
    """A client that goes away, as every client does in the end, is no error to be told."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell what is one."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Server:
    """The server. `with Server(behaviour) as server:` ... `server.url` is the base_url, `server.requests` the log."""

    def __init__(self, *script: Behaviour, port: int = 0, hear: Callable[[Received], None] | None = None) -> None:
        self.requests: list[Received] = []
        self._script = script
        self._hear = hear
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Listener(("127.0.0.1", port), _handler_of(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def answer(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """Take one POST in and let the behaviour whose turn it is answer it."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            number = len(self.requests) + 1
            received = Received(number, handler.path, headers, json.loads(content))
            self.requests.append(received)
        if self._hear is not None:
            self._hear(received)
        self._script[min(number, len(self._script)) - 1](Exchange(handler, received, self._closing))

    def close(self) -> None:
        """Stop serving; behaviours that wait are told."""
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _handler_of(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            try:
                server.answer(self, content)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def do_GET(self) -> None:
            content = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
            del format, args

    return Handler


# --- behaviours ---------------------------------------------------------------------------------------------------


def chunk(text: str | None = "", finish: str | None = None, **delta: object) -> dict[str, Any]:
    """One event of a stream, as a value."""
    choice = {"index": 0, "delta": {"content": text, **delta}, "finish_reason": finish}
    return {"id": "chat-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]}


def usage_chunk(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The last event of a stream: no choices, the usage."""
    return {**chunk(), "choices": [], "usage": dict(usage)}


def completion(text: str | None, finish: str = "stop", usage: Mapping[str, Any] = USAGE) -> dict[str, Any]:
    """A whole answer, as a value."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {**chunk(), "object": "chat.completion", "choices": [choice], "usage": dict(usage)}


def stream_text(text: str, finish: str = "stop", usage: Mapping[str, Any] = USAGE, piece: int = 7) -> Behaviour:
    """A proper stream: `text` in pieces of so many characters, finish reason, usage, [DONE]."""

    def behave(exchange: Exchange) -> None:
        pieces = [chunk(text[at : at + piece]) for at in range(0, len(text), piece)]
        stream_events(*pieces, chunk(finish=finish), usage_chunk(usage), "[DONE]")(exchange)

    return behave


def stream_events(*events: object, chunked: bool = True, content_type: str = "text/event-stream") -> Behaviour:
    """These events, values or texts, and a proper end of the body."""

    def behave(exchange: Exchange) -> None:
        exchange.open(chunked=chunked, content_type=content_type)
        for event in events:
            exchange.event(event)
        exchange.end()
        if not chunked:
            exchange.drop()

    return behave


def dropped(*events: object, reset: bool = False, chunked: bool = True) -> Behaviour:
    """These events, then the connection is cut; with no events, before a byte of an answer."""

    def behave(exchange: Exchange) -> None:
        if events:
            exchange.open(chunked=chunked)
        for event in events:
            exchange.event(event)
        exchange.drop(reset=reset)

    return behave


def whole(text: str | None, finish: str = "stop", usage: Mapping[str, Any] = USAGE) -> Behaviour:
    """One JSON body, as from a server that ignores `stream`."""
    return lambda exchange: exchange.send_json(200, completion(text, finish, usage))


def status(code: int, error: object = None, headers: Mapping[str, str] | None = None) -> Behaviour:
    """An error status with this `error` object."""
    body = {"error": error if error is not None else {"message": f"trouble {code}", "type": "t", "code": None}}
    return lambda exchange: exchange.send_json(code, body, headers)


def body(content: bytes, content_type: str = "application/json", code: int = 200) -> Behaviour:
    """This body, whatever it is."""
    return lambda exchange: exchange.send(code, content, {"content-type": content_type})


def drip(*first: object, comment: bytes = b": still here\n\n", seconds: float = 0.02) -> Behaviour:
    """These events, then comments without end: no read ever times out."""

    def behave(exchange: Exchange) -> None:
        exchange.open()
        for event in first:
            exchange.event(event)
        while not exchange.closing.wait(seconds):
            exchange.raw(comment)

    return behave


def silent(*first: object) -> Behaviour:
    """These events, then nothing, and the connection stays open; with no events, not even a head."""

    def behave(exchange: Exchange) -> None:
        if first:
            exchange.open()
        for event in first:
            exchange.event(event)
        exchange.closing.wait()

    return behave
