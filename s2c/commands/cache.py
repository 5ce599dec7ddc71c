"""`s2c cache`: what is stored, in numbers, checked, carried elsewhere, and rid of what nothing uses.

Law: nothing that was paid for is taken out unless `--answers --yes` says so, and then only what no spec of today uses
and no file of records holds. Nothing that is brought in is believed: it is judged like anything else.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from s2c import config as configs
from s2c import connect, upkeep
from s2c.commands import Subparsers
from s2c.commands.shared import counted, opened, session_of
from s2c.digest import Json
from s2c.errors import ConfigError, StoreError
from s2c.records import SUFFIX
from s2c.settings import Config
from s2c.store import Store, verdict_secret
from s2c.today import Today, today
from s2c.upkeep import Kind, Spent, Waste

MOST_TOLD = 20
_CHEAP = ("verdict", "analysis")


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    cache = commands.add_parser("cache", help="what is stored: count, check, carry elsewhere, tidy up")
    parts = cache.add_subparsers(required=True, metavar="PART")
    counted = parts.add_parser("stats", help="how much there is, what it cost, what nothing uses")
    counted.set_defaults(run=_stats)
    out = parts.add_parser("export", help="bring cache/records up to date, or write all records into one new file")
    out.add_argument("file", nargs="?", type=Path)
    out.set_defaults(run=_export)
    taken = parts.add_parser("import", help="take in records of other projects: candidates, to be judged")
    taken.add_argument("files", nargs="+", type=Path, help="files of records, or folders with such files")
    taken.set_defaults(run=_import)
    tidied = parts.add_parser("gc", help="what nothing uses; without --yes it is only listed")
    tidied.add_argument("--yes", action="store_true", help="take out verdicts and analyses that nothing uses")
    tidied.add_argument("--answers", action="store_true", help="what was paid for too")
    tidied.set_defaults(run=_gc)
    checked = parts.add_parser("verify", help="read every row and every line, and tell what is damaged")
    checked.set_defaults(run=_verify)
    for one in (counted, out, taken, tidied, checked):
        one.add_argument("--json", action="store_true", help="for programs")


def _tell(parsed: argparse.Namespace, data: Mapping[str, Json], lines: Sequence[str]) -> None:
    text = json.dumps(data, indent=1) if parsed.json else "\n".join(lines)
    sys.stdout.write(f"{text}\n" if text else "")


def _writable() -> tuple[Config, Store]:
    settings, store = opened()
    if settings.frozen:
        raise ConfigError("frozen is set, so the store is not written", fix="run it without frozen")
    return settings, store


# --- stats ------------------------------------------------------------------------------------------------------------


def _stats(parsed: argparse.Namespace) -> int:
    settings, store = opened()
    now = today(session_of(settings, store))
    kinds, cost, last = upkeep.kinds(store, now), upkeep.spent(store.care.records()), upkeep.last_run(settings)
    sizes = {"databases": upkeep.size(*store.care.files), "records": upkeep.size(store.records_folder)}
    data: dict[str, Json] = {
        "kinds": {one.name: _kind_json(one) for one in kinds},
        "pending": store.care.pending,
        "unread": len(store.care.unread),
        "spent": {**asdict(cost), "cost": f"{cost.cost:f}"},
        "standing": len(now.stand),
        "obligations": len(now.obligations),
        "unknown": list(now.unknown),
        "sizes": dict(sizes),
        "last_run": None if last is None else dict(last),
    }
    lines = [*map(_kind_line, kinds), *_more(store, now, cost), *_last(last)]
    lines.append(
        f"{_bytes(sizes['databases'])} in the databases, {_bytes(sizes['records'])} in {settings.cache}/records"
    )
    _tell(parsed, data, lines)
    return 0


def _kind_json(one: Kind) -> Json:
    found: dict[str, Json] = {"count": one.count, "bytes": one.size}
    found |= {"oldest": _time(one.oldest), "newest": _time(one.newest)}
    return found if one.unused is None else {**found, "unused": one.unused}


def _kind_line(one: Kind) -> str:
    unused = f", {one.unused} of them used by nothing today" if one.unused else ""
    written = f", written here {_time(one.oldest)} to {_time(one.newest)}" if one.newest else ""
    return f"{counted(one.count, one.name)}: {_bytes(one.size)}{written}{unused}"


def _more(store: Store, now: Today, cost: Spent) -> list[str]:
    unread = len(store.care.unread)
    priced = f"{cost.cost.normalize():f} USD" + (
        f", and {counted(cost.unpriced, 'answer')} with no cost on record" if cost.unpriced else ""
    )
    lines = [
        f"{counted(store.care.pending, 'request')} pending, {counted(unread, 'answer')} not read yet",
        f"spent on the answers: {cost.prompt} + {cost.completion} tokens ({cost.cached} cached), {priced}",
        f"{counted(len(now.stand), 'implementation')} stand for specs of today",
    ]
    if now.unknown:
        lines.append(f"not known yet what they owe: {', '.join(now.unknown)}")
    return [*lines, *(f"no verdict counts as used: {one}" for one in now.missing)]


def _last(found: Mapping[str, int] | None) -> list[str]:
    if found is None:
        return ["no run is on record in the build folder"]
    told = ", ".join(f"{count} {name}" for name, count in found.items())
    asked = found.get("asked", 0)
    filled = sum(count for name, count in found.items() if name not in {"up to date", "requests", "given"})
    rate = f"; {filled - asked} of {filled} fills cost nothing" if filled else ""
    return [f"the last run: {told}{rate}"]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""


def _bytes(count: int) -> str:
    for unit, name in ((10**6, "MB"), (10**3, "kB")):
        if count >= 10 * unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"


# --- export and import ------------------------------------------------------------------------------------------------


def _export(parsed: argparse.Namespace) -> int:
    settings, store = _writable()
    if parsed.file is not None:
        count = store.care.export(parsed.file)
        _tell(parsed, {"file": str(parsed.file), "records": count}, [f"{parsed.file}: {counted(count, 'record')}"])
        return 0
    if not settings.records:
        raise ConfigError("records = false: nothing is written to the records", fix="name a file to export to")
    with connect.solving(settings, connect.said):
        count = store.export_records(everything=True)
    _tell(
        parsed,
        {"folder": str(store.records_folder), "changed": count},
        [f"{settings.cache}/records: {counted(count, 'file')} changed"],
    )
    return 0


def _import(parsed: argparse.Namespace) -> int:
    settings, store = _writable()
    files = [one for path in parsed.files for one in _files(path)]
    with connect.solving(settings, connect.said):
        taken = {str(path): store.care.bring(path) for path in files}
    new, known = (sum(getattr(one, name) for one in taken.values()) for name in ("new", "known"))
    refused = [line for one in taken.values() for line in one.refused]
    data: dict[str, Json] = {"files": len(files), "new": new, "known": known, "refused": list(refused)}
    told = f"{counted(len(files), 'file')}: {new} new, {known} known, {len(refused)} refused"
    judged = ["what is new is a candidate: `doit` judges it before it stands"] if new else []
    _tell(parsed, data, [*_first(refused), told, *judged])
    return 2 if refused else 0


def _files(path: Path) -> list[Path]:
    found = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not found:
        fix = "name a file of records, or a folder with such files, as another project's cache/records"
        raise StoreError(f"there is no file of records (*{SUFFIX}) in this folder", where=str(path), fix=fix)
    return found


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_TOLD
    return [*lines[:MOST_TOLD], *([f"... and {more} more (--json has all of them)"] if more > 0 else [])]


# --- gc ---------------------------------------------------------------------------------------------------------------


def _gc(parsed: argparse.Namespace) -> int:
    if not parsed.yes:
        settings, store = opened()
        session = session_of(settings, store)
        _tell_waste(parsed, upkeep.waste(session, today(session)), [])
        return 0
    settings, store = _writable()
    with connect.solving(settings, connect.said):
        session = session_of(settings, store)
        found = upkeep.waste(session, today(session))
        store.care.forget(found.rows)
        if parsed.answers:
            store.care.drop(found.paid)
        compact = store.care.compact()
    small = "the databases are compacted" if compact else "another process reads the databases: they keep their size"
    _tell_waste(parsed, found, [small])
    return 0


def _tell_waste(parsed: argparse.Namespace, found: Waste, more: Sequence[str]) -> None:
    kinds = {name: found.of(name) for name in (*upkeep.PAID, *_CHEAP)}
    gone = [name for name in kinds if parsed.yes and (parsed.answers or name in _CHEAP)]
    data: dict[str, Json] = {
        name: {"count": count, "bytes": size, "dropped": name in gone} for name, (count, size) in kinds.items()
    }
    lines = [
        f"{counted(count, name)}: {_bytes(size)}, {_fate(name, gone)}" for name, (count, size) in kinds.items() if count
    ]
    kept = [f"kept: {why}" for why in found.kept]
    _tell(parsed, {"kinds": data, "kept": list(found.kept)}, [*(lines or ["nothing is unused"]), *kept, *more])


def _fate(name: str, gone: Sequence[str]) -> str:
    if name in gone:
        return "dropped"
    return "would be dropped by --yes" if name in _CHEAP else "paid for: only --answers --yes drops them"


# --- verify -----------------------------------------------------------------------------------------------------------


def _verify(parsed: argparse.Namespace) -> int:
    settings = configs.load(configs.find_root(Path.cwd()))
    with Store.open(settings.cache_folder, secret=verdict_secret(os.environ)) as store:  # as it lies: nothing is mended
        read, found = upkeep.damage(store)
    data: dict[str, Json] = {"rows": read, "damaged": list(found)}
    _tell(parsed, data, [*found, f"{counted(read, 'row')} read, {len(found)} damaged"])
    return 2 if found else 0
