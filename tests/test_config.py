"""Settings: where they come from, which one wins, and what is said of a wrong one."""

import dataclasses
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s2c import config as configs
from s2c.errors import ConfigError
from s2c.settings import Config, LanguageSettings

DOCS = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def load(folder: Path, table: str = "", environ: dict[str, str] | None = None, /, **overrides: str) -> Config:
    """The settings of a project whose [tool.s2c] holds these lines."""
    (folder / "pyproject.toml").write_text(f"[tool.s2c]\n{table}\n", encoding="utf-8")
    return configs.load(folder, overrides=overrides, environ=environ or {})


def wrong(folder: Path, table: str = "", environ: dict[str, str] | None = None, /, **overrides: str) -> str:
    """What is said of these settings, which are wrong."""
    with pytest.raises(ConfigError) as caught:
        load(folder, table, environ, **overrides)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_without_a_table_everything_has_its_default(tmp_path: Path) -> None:
    """A project without pyproject.toml, without environment and options, has the documented defaults."""
    made = configs.load(tmp_path, environ={})
    assert made == Config(root=tmp_path)
    assert (made.max_attempts, made.batch_size, made.batch_mode, made.context_aware) == (5, 800_000, True, False)


def test_the_nearest_place_wins(tmp_path: Path) -> None:
    """The command line wins over the environment, that over pyproject.toml, that over the default."""
    table, environ = "max_attempts = 2", {"S2C_MAX_ATTEMPTS": "3"}
    assert load(tmp_path).max_attempts == 5
    assert load(tmp_path, table).max_attempts == 2
    assert load(tmp_path, table, environ).max_attempts == 3
    assert load(tmp_path, table, environ, max_attempts="4").max_attempts == 4


def test_the_usual_variable_of_the_endpoint_is_a_default(tmp_path: Path) -> None:
    """OPENAI_BASE_URL counts where nothing of s2c's own names an endpoint."""
    environ = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    assert load(tmp_path, "", environ).base_url == "http://127.0.0.1:1/v1"
    assert load(tmp_path, 'base_url = "http://b/v1"', environ).base_url == "http://b/v1"
    assert load(tmp_path, "", {**environ, "S2C_BASE_URL": "http://c/v1"}).base_url == "http://c/v1"


OWN = {"lint": "deep", "executor": "local", "base_url": "http://a/v1", "junit": "folder/a.xml", "shard": "1/4"}


def test_every_setting_can_come_from_every_place(tmp_path: Path) -> None:
    """One value as TOML, as a variable and as an option reads the same, for every setting there is."""
    samples: dict[str, tuple[str, str, object]] = {
        "tuple": ('["a", "b"]', "a,b", ("a", "b")),
        "bool": ("true", "1", True),
        "int": ("2000", "2000", 2000),
        "str": ('"folder"', "folder", "folder"),
        "Decimal": ("0.25", "0.25", Decimal("0.25")),
    }
    for item in dataclasses.fields(Config):
        kind = next((kind for kind in samples if kind in str(item.type)), "")
        if not kind or item.name in {"root", "languages"}:
            continue
        special = {
            "lint": "deep",
            "executor": "local",
            "base_url": "http://a/v1",
            "junit": "folder/a.xml",
            "shard": "1/4",
        }
        own = special.get(item.name)
        toml, text, value = (f'"{own}"', own, own) if own else samples[kind]
        other = {"price_input": "price_output = 1\n", "price_output": "price_input = 1\n"}.get(item.name, "")
        made = [
            load(tmp_path, f"{other}{item.name} = {toml}"),
            load(tmp_path, other, {f"S2C_{item.name.upper()}": text}),
            load(tmp_path, other, **{item.name: text}),
        ]
        assert [getattr(one, item.name) for one in made] == [value] * 3, item.name


def test_truth_has_many_words(tmp_path: Path) -> None:
    """1, true, yes and on are true, 0, false, no and off are false, in any case; nothing else is either."""
    for words, value in ((("1", "True", "YES", " on "), True), (("0", "false", "No", "OFF"), False)):
        assert {load(tmp_path, frozen=word).frozen for word in words} == {value}
    assert wrong(tmp_path, frozen="2") == "command line: frozen must be true or false, not '2'"


def test_an_unknown_name_is_told_with_the_nearest(tmp_path: Path) -> None:
    """A misspelt setting names the key, the place and the nearest key that exists."""
    assert wrong(tmp_path, "max_atempts = 2") == (
        "pyproject.toml [tool.s2c]: unknown setting 'max_atempts'\n  -> did you mean 'max_attempts'?"
    )
    assert "command line: unknown setting 'batch-size'\n  -> did you mean 'batch_size'?" in wrong(
        tmp_path, **{"batch-size": "9"}
    )
    assert "docs/configuration.md" in wrong(tmp_path, "zzzzz = 1")
    assert "unknown setting 'root'" in wrong(tmp_path, 'root = "/"')


def test_a_language_has_a_table_of_its_own(tmp_path: Path) -> None:
    """[tool.s2c.dafny] takes a command as one text or as a list; an unknown key in it is told with the nearest."""
    one = load(tmp_path, "[tool.s2c.dafny]\ncommand = \"mono 'My Dafny.exe'\"")
    assert one.language("dafny", LanguageSettings) == LanguageSettings(("mono", "My Dafny.exe"))
    two = load(tmp_path, '[tool.s2c.dafny]\ncommand = ["mono", "D.exe"]\nfiles = ["/opt/**"]')
    assert two.language("dafny", LanguageSettings) == LanguageSettings(("mono", "D.exe"), ("/opt/**",))
    assert one.language("lean", LanguageSettings) == LanguageSettings()
    with pytest.raises(ConfigError) as told:
        load(tmp_path, '[tool.s2c.dafny]\ncomand = "dafny"').language("dafny", LanguageSettings)
    assert str(told.value) == "pyproject.toml [tool.s2c.dafny]: unknown setting 'comand'\n  -> did you mean 'command'?"


def test_a_command_that_is_no_shell_text_is_told(tmp_path: Path) -> None:
    """A quote that is never closed in `command` is one message."""
    with pytest.raises(ConfigError, match="command"):
        load(tmp_path, '[tool.s2c.dafny]\ncommand = "mono \'a"').language("dafny", LanguageSettings)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('max_attempts = "2"', "max_attempts must be a whole number, not '2'"),
        ("max_attempts = true", "max_attempts must be a whole number, not True"),
        ("max_attempts = 2.0", "max_attempts must be a whole number, not 2.0"),
        ("frozen = 1", "frozen must be true or false, not 1"),
        ('specs = "a"', "specs must be a list of texts, not 'a'"),
        ("specs = [1]", "specs must be a list of texts, not [1]"),
        ("model = 5", "model must be text, not 5"),
        ("max_cost = true", "max_cost must be a number, not True"),
        ("max_cost = nan", "max_cost must be a number, not 'nan'"),
        ("max_cost = inf", "max_cost must be a number, not 'inf'"),
        ('max_cost = "two"', "max_cost must be a number, not 'two'"),
        ("max_cost = -1", "max_cost must not be negative"),
        ("max_attempts = 0", "max_attempts must be at least 1, not 0"),
        ("jobs = -1", "jobs must be at least 0, not -1"),
        ("batch_size = 999", "batch_size must be at least 1000, not 999"),
        ("fresh = true\nfrozen = true", "fresh=1 asks again, frozen and offline never ask"),
        ("fresh = true\noffline = true", "fresh=1 asks again, frozen and offline never ask"),
        ("retry = true\nfrozen = true", "retry=1 asks once more, frozen and offline never ask"),
        ("price_input = 1", "price_input is set without the other price"),
        ("price_output = 1", "price_output is set without the other price"),
        ('base_url = "api.openai.com/v1"', "base_url must be a URL, not 'api.openai.com/v1'"),
        ('base_url = "http://[::1"', "base_url must be a URL"),
        ('base_url = "http:///v1"', "base_url must be a URL"),
        ('specs = [""]', "a glob of specs is empty: ''"),
        ('specs = ["/srv/*.dfy"]', "a glob of specs must be relative to the project's root: '/srv/*.dfy'"),
        ('exclude = ["a/../../b"]', "a glob of exclude must not lead out of the project: 'a/../../b'"),
        ("specs = ['src\\*.dfy']", "a glob of specs must have `/` between folders"),
        ('specs = ["!old/*"]', "specs has no negated globs: '!old/*'\n  -> set `exclude` to leave files out"),
    ],
)
def test_a_wrong_value_is_told(tmp_path: Path, table: str, said: str) -> None:
    """A value of the wrong type, out of range, or against another one is an error that names the setting."""
    assert said in wrong(tmp_path, table)


def test_a_key_in_the_place_of_its_variable_is_not_shown(tmp_path: Path) -> None:
    """Who pastes the key itself into the settings is told so, and it is not printed again."""
    said = wrong(tmp_path, 'api_key_env = "sk-very-secret"')
    assert "api_key_env must be the name of an environment variable, never a key" in said
    assert "secret" not in said


def test_a_wrong_value_is_told_with_its_place(tmp_path: Path) -> None:
    """The place is where the value was written: file, variable, or command line."""
    assert wrong(tmp_path, "jobs = -1").startswith("pyproject.toml [tool.s2c]: jobs")
    assert wrong(tmp_path, jobs="-1").startswith("command line: jobs")
    with pytest.raises(ConfigError, match="environment variable S2C_JOBS: jobs must be at least 0"):
        load(tmp_path, "", {"S2C_JOBS": "-1"})


@pytest.mark.parametrize("text", ["", "x", "1.5", "--5", "²", "1 0", "0x10", "9" * 5000])
def test_a_number_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    """Whatever is typed for a whole number is read or told; no traceback."""
    assert "jobs must be a whole number" in wrong(tmp_path, jobs=text)


@pytest.mark.parametrize("name", ["build", "cache"])
@pytest.mark.parametrize("folder", ["", ".", "./", "..", "../out", "a/../../b", "/out"])
def test_what_is_written_stays_in_folders_of_its_own(tmp_path: Path, name: str, folder: str) -> None:
    """Both are folders inside the project, and never the project itself: sources lie there."""
    assert f"{name} must be a folder inside the project, not {folder!r}" in wrong(tmp_path, f'{name} = "{folder}"')


@pytest.mark.parametrize("build", ["cache", "./cache/", "cache/build"])
def test_build_and_cache_are_two_folders(tmp_path: Path, build: str) -> None:
    """Neither lies in the other: build/ can be deleted at any time, and what was paid for lies in cache/."""
    assert "build and cache must be two folders" in wrong(tmp_path, f'build = "{build}"')
    assert "build and cache must be two folders" in wrong(tmp_path, 'cache = "build/.store"')
    assert load(tmp_path, 'build = "cached"').build == "cached"


@pytest.mark.parametrize(
    "content", [b"[tool.s2c\n", b"\xff\xfe", b"tool = 3\n", b"tool = []\n", b"[tool]\ns2c = 3\n", b"[[tool.s2c]]\n"]
)
def test_a_file_that_is_no_settings_is_told(tmp_path: Path, content: bytes) -> None:
    """A pyproject.toml that can't be read as settings is one message that names the file, never a traceback."""
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape("pyproject.toml")):
        configs.load(tmp_path, environ={})


def test_a_folder_of_that_name_is_told(tmp_path: Path) -> None:
    """A pyproject.toml that is a folder is one message."""
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(ConfigError, match=re.escape("pyproject.toml")):
        configs.load(tmp_path, environ={})


def test_the_root_is_the_nearest_folder_with_a_table(tmp_path: Path) -> None:
    """From a subfolder the project above is found; a pyproject.toml of another tool between them is passed over."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert configs.find_root(deep) == deep
    (tmp_path / "pyproject.toml").write_text("[tool.s2c]\n", encoding="utf-8")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n", encoding="utf-8")
    assert configs.find_root(deep) == tmp_path


def test_every_setting_is_documented() -> None:
    """docs/configuration.md has a row for every setting, and none for one that does not exist."""
    table = DOCS.read_text(encoding="utf-8").split("`[tool.s2c.dafny]`")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(configs.defaults())


@given(name=st.sampled_from(sorted(configs.defaults())), text=TEXT)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_a_setting_or_an_error(tmp_path: Path, name: str, text: str) -> None:
    """Whatever is typed for whatever setting is read, or is one clear error."""
    try:
        made = load(tmp_path, **{name: text})
    except ConfigError as error:
        assert name in str(error)  # noqa: PT017 - either end is right
    else:
        assert isinstance(made, Config)
