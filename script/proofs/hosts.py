"""Three hosts with no folder in common, TLS between them: real specs, real Dafny, a real Dask scheduler and workers.

Run as root by `script/prove hosts [SPECS [GENERATION]]`. Needs the test data (S2C_TEST_DATA), `s2c[dask]`, `ip` and
`openssl`. Hosts are network namespaces on one bridge, each with a mount namespace whose home, temporary files, project
and certificates are its own; s2c and Dafny, which are installed on each, are the same files. Ends with exit code 1
where outputs are not those of a local run, or a client without a certificate of the authority is let in.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from machines import build  # noqa: E402
from main_job import HEADLESS, NOT_IN_4, project  # noqa: E402

from tests.dafny_tools import available  # noqa: E402
from tests.machines import QUICK  # noqa: E402

NET, PORT, COUNT = "10.213.77", 8786, 3
SCHEDULER = f"tls://{NET}.1:{PORT}"
ASK = """
import sys
from distributed import Client, Security
mine = Security(tls_ca_file=sys.argv[2], tls_client_cert=sys.argv[3] or None, require_encryption=True)
Client(sys.argv[1], timeout=8, security=mine).close()
"""


class Hosts:
    """Namespaces on a bridge, and what runs in them. `own`: the folder that is another one in each."""

    def __init__(self, folder: Path) -> None:
        self._mark = f"s2c{os.getpid() % 100000}"
        self._stack = ExitStack()
        self._folder = folder
        self.own = folder / "own"
        self.own.mkdir()

    def __enter__(self) -> Self:
        run("ip", "link", "add", self._mark, "type", "bridge")
        self._stack.callback(run, "ip", "link", "del", self._mark)
        run("ip", "link", "set", self._mark, "up")
        for number in range(1, COUNT + 1):
            self._host(self.name(number), number)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def name(self, number: int) -> str:
        """The namespace of a host."""
        return f"{self._mark}-{number}"

    def start(self, number: int, *command: str, log: str) -> "subprocess.Popen[bytes]":
        """Run something on a host, in a file system in which only it sees `own`."""
        own = f"mount -t tmpfs own {self.own} && cp -r {self._folder}/pki-{number} {self.own}/pki && cd {self.own}"
        words = ["ip", "netns", "exec", self.name(number), "unshare", "-m", "sh", "-c", f'{own} && exec "$@"', "sh"]
        env = {**os.environ, **QUICK, "HOME": str(self.own), "TMPDIR": str(self.own), "PYTHONPATH": str(ROOT)}
        with contextlib.ExitStack() as files:
            out = None if not log else files.enter_context((self._folder / log).open("wb"))
            process = subprocess.Popen([*words, *command], env=env, stdout=out, stderr=out)
        self._stack.callback(end, process)
        return process

    def _host(self, name: str, number: int) -> None:
        run("ip", "netns", "add", name)
        self._stack.callback(run, "ip", "netns", "del", name)
        run("ip", "link", "add", f"{name}v", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"{name}v", "master", self._mark, "up")
        run("ip", "-n", name, "addr", "add", f"{NET}.{number}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            run("ip", "-n", name, "link", "set", link, "up")


def main() -> int:
    """Set the hosts up, and judge from one of them with the others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certify(folder)
        with Hosts(folder) as hosts:
            pki = f"{hosts.own}/pki"
            tls = ["--tls-ca-file", f"{pki}/ca.pem", "--tls-cert", f"{pki}/me.pem", "--tls-key", f"{pki}/me.key"]
            dask = [sys.executable, "-m", "dask"]
            listen = ["--protocol", "tls", "--host", f"{NET}.1", "--port", str(PORT), "--no-dashboard"]
            hosts.start(1, *dask, "scheduler", *listen, *tls, log="scheduler.log")
            work = ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--memory-limit", "0", "--death-timeout", "90"]
            workers = [
                hosts.start(number, *dask, "worker", SCHEDULER, "--host", f"{NET}.{number}", *tls, *work,
                            log=f"worker-{number}.log")
                for number in (2, 3)
            ]  # fmt: skip
            time.sleep(8)
            held = strangers(hosts)
            inside = [sys.executable, __file__, "--inside", *sys.argv[1:]]
            building = hosts.start(1, *inside, log="")
            here, elsewhere = set[str](), set[str]()
            while building.poll() is None:
                here |= projects(building.pid)
                elsewhere |= {path for worker in workers for path in projects(worker.pid)}
                time.sleep(1)
            held = held and len(here) == 1 and not elsewhere
            print(f"{'ok  ' if held else 'FAIL'} projects seen: {len(here)} by the host, {len(elsewhere)} by workers")
            logs = [(folder / f"worker-{number}.log").read_text(errors="replace") for number in (2, 3)]
            if building.returncode or not held:
                print(*(log[-1500:] for log in logs), (folder / "scheduler.log").read_text()[-1500:], sep="\n---\n")
            return 0 if held and building.returncode == 0 else 1


def strangers(hosts: Hosts) -> bool:
    """A client with a certificate of the authority is let in; one without, and one of another authority, are not."""
    pki, codes = f"{hosts.own}/pki", {}
    for name, certificate in (("with", "me.both"), ("without", ""), ("another authority's", "other.both")):
        told = f"{pki}/{certificate}" if certificate else ""
        asking = hosts.start(3, sys.executable, "-c", ASK, SCHEDULER, f"{pki}/ca.pem", told, log="client.log")
        codes[name] = asking.wait(120)
    held = codes["with"] == 0 and codes["without"] == codes["another authority's"] == 1
    print(f"{'ok  ' if held else 'FAIL'} clients' exit codes, by certificate: {codes}", flush=True)
    return held


def projects(pid: int) -> set[str]:
    """The projects that a process can see under its temporary folder, by path."""
    with contextlib.suppress(OSError):
        place = Path(f"/proc/{pid}/environ").read_bytes().partition(b"TMPDIR=")[2].partition(b"\0")[0].decode()
        return {str(path)[len(f"/proc/{pid}/root") :] for path in Path(f"/proc/{pid}/root{place}").glob("*/project")}
    return set()


def inside() -> int:
    """On the first host: a local build and one on the others."""
    count = int(sys.argv[2]) if sys.argv[2:] else 8
    generation = sys.argv[3] if sys.argv[3:] else "2.3"
    data = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    rows = [json.loads(line) for line in (data / "corpus" / "dafny_solved.jsonl").open(encoding="utf-8")]
    rows = [row for row in rows if row["id"] not in {HEADLESS, NOT_IN_4}][:count]
    print(f"--- Dafny {generation}: {len(rows)} specs, {COUNT} hosts", flush=True)
    pki = Path(os.environ["HOME"]) / "pki"
    with project(available()[generation], rows) as proof:
        proof.tree.configure(exclude=["b-*/**", "c-*/**"])  # what earlier builds left
        local = build(proof, "local", None)
        proof.tree.configure(executor="dask")
        certificates = {"tls_ca": f"{pki}/ca.pem", "tls_cert": f"{pki}/me.pem", "tls_key": f"{pki}/me.key"}
        proof.tree.tables["dask"] = {"address": SCHEDULER, **certificates}
        build(proof, "on the other hosts", local)
        return 0 if proof.held else 1


def certify(folder: Path) -> None:
    """An authority, a certificate of it for each host, and one of another authority."""
    for name in ("ca", "no-ca"):
        authority(folder, name)
    for number in range(1, COUNT + 1):
        place = folder / f"pki-{number}"
        place.mkdir()
        shutil.copy(folder / "ca.pem", place)
        certificate(folder, "ca", place / "me")
        certificate(folder, "no-ca", place / "other")


def authority(folder: Path, name: str) -> None:
    """Make one, as docs/scale.md says."""
    new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN=s2c-{name}")
    run(*new, "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")


def certificate(folder: Path, by: str, name: Path) -> None:
    """Make one: NAME.pem, NAME.key, and both in NAME.both."""
    new = ("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=host")
    run(*new, "-keyout", f"{name}.key", "-out", f"{name}.csr")
    signed = ("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{folder}/{by}.pem", "-CAkey")
    run(*signed, f"{folder}/{by}.key", "-CAcreateserial", "-days", "2", "-out", f"{name}.pem")
    Path(f"{name}.both").write_text(Path(f"{name}.pem").read_text() + Path(f"{name}.key").read_text())


def run(*command: str) -> None:
    """Run it. What it says is told where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"hosts: {' '.join(command)}: {done.stderr.strip()}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """End it, if it still runs."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    process.kill()
    process.wait()


if __name__ == "__main__":
    sys.exit(inside() if sys.argv[1:2] == ["--inside"] else main())
