"""What a lakefile says, in TOML or in Lean, as far as it decides where sources lie and what `lean` is told.

Law: nothing is run. A lakefile in Lean is a program; only what stands there in plain words is read: `package`,
`lean_lib`, `lean_exe` and `require` with literal fields. Whatever else could change what is compiled, or how, becomes a
note with its line, never a guess.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from s2c.languages.lean.lakelean import Command, Field, commands
from s2c.languages.lean.names import plain

LARGEST = 64 * 1024  # bytes of a lakefile that is read: no real one comes near
LIBRARY, EXECUTABLE = "lean_lib", "lean_exe"
REFUSED_OPTIONS = ("debug.", "warn.sorry")  # they switch off what a verdict stands on
HONOURED = frozenset(
    "name srcDir roots root globs leanOptions moreLeanArgs weakLeanArgs require lean_lib lean_exe".split()  # noqa: SIM905
)
# what has no part in how a module is elaborated
HARMLESS = frozenset(
    """
    bootstrap buildArchive buildArchive? buildType defaultFacets defaultTargets description enableArtifactCache exeName
    homepage keywords leanVersion libName libPrefixOnWindows license licenseFiles lintDriver lintDriverArgs manifestFile
    moreGlobalServerArgs moreLeancArgs moreServerArgs moreServerOptions nativeFacets packagesDir platformIndependent
    preferReleaseBuild readmeFile releaseRepo releaseRepo? reservoir restoreAllArtifacts supportInterpreter testDriver
    testDriverArgs testRunner toolchain version versionTags weakLeancArgs weakLinkArgs
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
HARMLESS_COMMANDS = frozenset({"import", "open", "namespace", "end", "section", "set_option", "def", "abbrev"})


@dataclass(frozen=True)
class Arguments:
    """What `lean` is told: `options` and `more` come from a package and its unit in this order, `weak` between."""

    options: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unit:
    """A library or an executable: its folder below the package's, its root modules and its globs, as written."""

    kind: str
    name: str
    source: str
    roots: tuple[str, ...]
    globs: tuple[str, ...]
    arguments: Arguments


@dataclass(frozen=True)
class Package:
    """One lakefile. `notes`: line and message of what s2c does not honour or can't read."""

    source: str = "."
    units: tuple[Unit, ...] = ()
    arguments: Arguments = Arguments()
    requires: bool = False
    notes: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class _Table:
    """One table of a lakefile: literal values by key, and the line of each; None is a value that can't be read."""

    kind: str  # package, or a kind of unit
    name: str
    line: int
    values: Mapping[str, object]
    lines: Mapping[str, int]


def read(path: str, content: bytes) -> Package:
    """The package that the lakefile of this name describes."""
    if len(content) > LARGEST:
        return Package(notes=((1, f"this lakefile is larger than {LARGEST} bytes and was not read"),))
    return read_lean(content) if path.endswith(".lean") else read_toml(content)


def read_toml(content: bytes) -> Package:
    """The package that a lakefile.toml describes."""
    try:
        text = content.decode("utf-8-sig")
        data = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        return Package(notes=((1, f"this lakefile can't be read: {error}; correct it"),))
    whole = {key: value for key, value in data.items() if key not in {LIBRARY, EXECUTABLE}}
    tables = [_toml_table("package", whole, text)]
    for kind in (LIBRARY, EXECUTABLE):
        listed = data.get(kind, [])
        tables += [_toml_table(kind, one, text) for one in listed if isinstance(one, dict)] if listed else []
    return _package(tables, requires=bool(data.get("require")), notes=())


def read_lean(content: bytes) -> Package:
    """The package that a lakefile.lean describes, as far as it does so in plain words."""
    tables: list[_Table] = []
    notes: list[tuple[int, str]] = []
    requires = False
    for command in commands(content.decode("utf-8", "replace")):
        if command.kind in {"package", LIBRARY, EXECUTABLE}:
            tables.append(_lean_table(command))
        elif command.kind == "require":
            requires = True
        elif command.kind not in HARMLESS_COMMANDS:
            message = f"`{command.kind}` is not honoured: s2c runs no code of a lakefile"
            notes.append((command.line, message))
    return _package(tables, requires=requires, notes=tuple(notes))


def _package(tables: list[_Table], *, requires: bool, notes: tuple[tuple[int, str], ...]) -> Package:
    told = [*notes, *(note for table in tables for note in _notes(table))]
    packages = [table for table in tables if table.kind == "package"]
    units = tuple(_unit(table) for table in tables if table.kind != "package")
    own = packages[0] if packages else _Table("package", "", 1, {}, {})
    return Package(_text(own, "srcDir", "."), units, _arguments(own), requires, tuple(sorted(told)))


def _unit(table: _Table) -> Unit:
    if table.kind == EXECUTABLE:
        roots: tuple[str, ...] = (_text(table, "root", table.name),)
    else:
        roots = _texts(table.values.get("roots")) or (table.name,)
    globs = _texts(table.values.get("globs"))
    return Unit(table.kind, table.name, _text(table, "srcDir", "."), roots, globs, _arguments(table))


def _text(table: _Table, key: str, default: str) -> str:
    value = table.values.get(key)
    return value if isinstance(value, str) else default


def _texts(value: object) -> tuple[str, ...]:
    """The texts of a list, or one text by itself."""
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


# --- options ------------------------------------------------------------------------------------------------------


def _arguments(table: _Table) -> Arguments:
    options = tuple(f"-D{name}={value}" for name, value in _options(table.values.get("leanOptions")))
    weak, more = (_joined(_texts(table.values.get(key))) for key in ("weakLeanArgs", "moreLeanArgs"))
    return Arguments(*(tuple(one for one in found if not refused(one)) for found in (options, weak, more)))


def _options(value: object) -> Iterator[tuple[str, str]]:
    """Names and values of options: nested tables with dotted names, or a list of {name, value}."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict) and isinstance(one.get("name"), str) and (said := _said(one.get("value"))):
                yield plain(str(one["name"])), said
        return
    todo: list[tuple[str, object]] = [("", value)]
    while todo:
        name, one = todo.pop(0)
        if isinstance(one, dict):
            todo += [(f"{name}.{key}" if name else str(key), inner) for key, inner in one.items()]
        elif name and (said := _said(one)):
            yield name, said


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, str)) else ""


def _joined(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """`-D x=y` in two words is `-Dx=y`."""
    found: list[str] = []
    for one in arguments:
        if found and found[-1] == "-D":
            found[-1] += one
        else:
            found.append(one)
    return tuple(found)


def refused(argument: str) -> str:
    """Why an argument does not go to `lean`, or nothing."""
    if not argument.startswith("-D") or "=" not in argument:
        return f"`{argument}` does not go to lean: only options of the form -Dname=value do"
    name = argument[2:].partition("=")[0].strip().removeprefix("weak.")
    if name.startswith(REFUSED_OPTIONS):
        return f"option {name} does not go to lean: it switches off what a verdict stands on"
    return ""


# --- notes --------------------------------------------------------------------------------------------------------


def _notes(table: _Table) -> Iterator[tuple[int, str]]:
    what = "the package" if table.kind == "package" else f"{table.kind} {table.name}"
    for key, value in table.values.items():
        line = table.lines.get(key, table.line)
        if key not in HONOURED | HARMLESS:
            if value not in (False, "", [], {}, "default"):
                yield line, f"`{key}` of {what} is not honoured: what needs it is judged without it"
        elif value is None and key not in HARMLESS:
            yield line, f"`{key}` of {what} is computed: write it as a literal, s2c runs no code of a lakefile"
        elif key in {"moreLeanArgs", "weakLeanArgs", "leanOptions"}:
            yield from ((line, f"{why} ({what})") for why in _refusals(key, value))


def _refusals(key: str, value: object) -> Iterator[str]:
    if key == "leanOptions":
        found = tuple(f"-D{name}={said}" for name, said in _options(value))
    else:
        found = _joined(_texts(value))
    yield from (why for one in found if (why := refused(one)))


# --- the two forms ------------------------------------------------------------------------------------------------


def _toml_table(kind: str, values: Mapping[str, object], text: str) -> _Table:
    name = plain(str(values.get("name", "")))
    lines = {key: _line_of(text, key) for key in values}
    return _Table(kind, name, min(lines.values(), default=1), values, lines)


def _line_of(text: str, key: str) -> int:
    """The first line that begins with this key, or 1."""
    for number, line in enumerate(text.split("\n"), 1):
        word = line.strip().lstrip("[").strip()
        if word.startswith(key) and not word[len(key) : len(key) + 1].isalnum():
            return number
    return 1


def _lean_table(command: Command) -> _Table:
    values = {field.name: _literal(field) for field in command.fields}
    return _Table(
        command.kind, command.name, command.line, values, {field.name: field.line for field in command.fields}
    )


def _literal(field: Field) -> object:
    """A field's value as TOML would give it, or None where it is no literal."""
    if field.name == "leanOptions":
        return field.options()
    if field.name in {"roots", "globs", "moreLeanArgs", "weakLeanArgs"}:
        return field.texts()
    return field.literal()
