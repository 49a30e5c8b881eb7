"""Reads settings: from a project's file, from what an editor sends, and one over the other.

Nothing here raises for what a person wrote.  An unknown key or a bad value becomes a `Problem`
that names the key and its place; every other setting still holds.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from backend_engineer.settings import CONFIGURATION_FILE, Settings
from backend_engineer.toml_keys import KeyPlace, key_places

_SECTION = ("tool", "backend-engineer")


class Problem(msgspec.Struct, frozen=True):
    """Something in the configuration that does not hold, and what holds instead."""

    path: str
    """The file; for settings of an editor, `the editor's settings`."""
    line: int
    """One-based; 0 when the settings did not come from a file."""
    column: int
    text: str

    def __str__(self) -> str:
        where = f"{self.path}, line {self.line}, column {self.column}" if self.line else self.path
        return f"{where}: {self.text}"


class Configuration(NamedTuple):
    """The settings in effect, where they come from, and what was wrong with them."""

    settings: Settings
    problems: tuple[Problem, ...] = ()
    path: Path | None = None
    raw: Mapping[str, object] = {}


def find_configuration(folder: Path) -> Path | None:
    """The configuration file of `folder` itself: `backend-engineer.toml` goes first."""
    own = folder / CONFIGURATION_FILE
    if own.is_file():
        return own
    project = folder / "pyproject.toml"
    return project if _has_section(project) else None


def find_root(paths: tuple[Path, ...], current: Path) -> Path:
    """The folder that holds the backend that `paths` belong to.

    The nearest folder above them with a configuration of ours; else `current` when it is a project
    and `paths` name parts of it; else the folder that was named; else, for a file, the project
    around it.
    """
    folders = [p if p.is_dir() else p.parent for p in paths]
    common = folders[0]
    while not all(f.is_relative_to(common) for f in folders):
        common = common.parent
    around = (common, *common.parents)
    for folder in around:
        if find_configuration(folder):
            return folder
    if common.is_relative_to(current) and _is_project(current) and not _is_project(common):
        return current
    if any(p.is_dir() for p in paths):
        return common
    return next((folder for folder in around if _is_project(folder)), common)


def load(root: Path) -> Configuration:
    """The settings of the project in `root`, read from its configuration file."""
    path = find_configuration(root)
    return load_file(path) if path else Configuration(Settings())


def load_file(path: Path) -> Configuration:
    """The settings in one file; in a `pyproject.toml`, those of its section."""
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Problem(path.name, 0, 0, f"cannot be read ({reason}); the defaults are used")
        return Configuration(Settings(), (problem,), path)
    except UnicodeDecodeError as error:
        problem = Problem(path.name, 0, 0, f"is not UTF-8 ({error.reason}); the defaults are used")
        return Configuration(Settings(), (problem,), path)
    return parse(text, path.name)._replace(path=path)


def parse(text: str, name: str = CONFIGURATION_FILE) -> Configuration:
    """The settings in the text of a configuration file called `name`."""
    section = _SECTION if name == "pyproject.toml" else ()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        raw: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Configuration(Settings(), (_syntax_problem(error, name, text),))
    for key in section:
        raw = raw.get(key, {}) if isinstance(raw, dict) else {}
    if not isinstance(raw, dict):
        raw = {}
    reader = _Reader(name, key_places(text), section)
    return Configuration(reader.settings(raw, Settings()), tuple(reader.problems), raw=raw)


def from_editor(sent: object, base: Configuration | None = None) -> Configuration:
    """What an editor sent, over the settings of the project's file.

    Keys may be written as editors like them: `maxFileSize`, `max-file-size`, `"lsp.debounce"`.
    """
    base = base or Configuration(Settings())
    reader = _Reader("the editor's settings", {}, ())
    if sent is None:
        return base
    if not isinstance(sent, Mapping):
        problem = reader.problem((), f"expected an object, got {_shown(sent)}; it is ignored")
        return base._replace(problems=(*base.problems, problem))
    settings = reader.settings(_nested(sent), base.settings)
    return base._replace(settings=settings, problems=(*base.problems, *reader.problems))


def check_rules(
    configuration: Configuration, known: frozenset[str], groups: frozenset[str]
) -> tuple[Problem, ...]:
    """A problem for each name in the settings that is neither a rule nor a group."""
    text, name = "", "the editor's settings"
    section: tuple[str, ...] = ()
    if configuration.path is not None:
        name = configuration.path.name
        section = _SECTION if name == "pyproject.toml" else ()
        text = configuration.path.read_text(errors="replace").removeprefix("\ufeff")
    try:
        places = key_places(text.replace("\r\n", "\n")) if configuration.raw else {}
    except (AssertionError, IndexError):  # the file changed since it was read
        places = {}
    reader = _Reader(name, places, section)
    settings = configuration.settings
    for key, names in (("select", settings.select), ("ignore", settings.ignore)):
        for index, rule in enumerate(names):
            reader.expect_rule((key, index), rule, known | groups)
    for rule in settings.severities:
        reader.expect_rule(("severities", rule), rule, known)
    for pattern, names in settings.per_path_ignores.items():
        for index, rule in enumerate(names):
            reader.expect_rule(("per_path_ignores", pattern, index), rule, known | groups)
    return tuple(reader.problems)


def expected(kind: inspect.Type) -> str:
    """What a setting of this type takes, in words."""
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            limits = f" from {low} to {high}" if high is not None else f" >= {low}"
            return "an integer" + (limits if low is not None else "")
        case inspect.FloatType(ge=low, le=high):
            limits = f" from {low} to {high}" if high is not None else f" >= {low}"
            return "a number" + (limits if low is not None else "")
        case inspect.StrType(min_length=1):
            return "a string that is not empty"
        case inspect.StrType():
            return "a string"
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(f'"{v}"' for v in values)
        case inspect.VarTupleType() | inspect.ListType():
            return "a list of strings"
        case inspect.DictType(value_type=value):
            return f"a table whose values are each {expected(value)}"
        case inspect.StructType():
            return "a table"
        case inspect.UnionType(types=types):
            return " or ".join(expected(t) for t in types)
        case inspect.Metadata(type=inner):
            return expected(inner)
        case _:
            raise AssertionError(kind)


class _Reader:
    """Reads raw values into settings, key by key, and collects what is wrong with them."""

    def __init__(
        self, name: str, places: Mapping[tuple[str | int, ...], KeyPlace], section: tuple[str, ...]
    ) -> None:
        self.name = name
        self.places = {tuple(_plain(k) for k in path): at for path, at in places.items()}
        self.section = tuple(_plain(k) for k in section)
        self.problems: list[Problem] = []

    def settings(self, raw: Mapping[str, object], base: Settings) -> Settings:
        read = self._struct((), raw, base)
        assert isinstance(read, Settings)
        return read

    def expect_rule(self, path: tuple[str | int, ...], name: str, known: frozenset[str]) -> None:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            self.problem(path, f"there is no rule or group `{name}`{hint}")

    def problem(self, path: tuple[str | int, ...], text: str) -> Problem:
        plain = tuple(_plain(k) for k in path)
        at = KeyPlace(0, 0)
        for length in range(len(plain), 0, -1):
            found = self.places.get((*self.section, *plain[:length]))
            if found:
                at = found
                break
        shown = ".".join(str(k) for k in path if isinstance(k, str))
        problem = Problem(self.name, *at, f"`{shown}`: {text}" if shown else text)
        self.problems.append(problem)
        return problem

    def _struct(
        self, path: tuple[str | int, ...], raw: Mapping[str, object], base: msgspec.Struct
    ) -> msgspec.Struct:
        info = inspect.type_info(type(base))
        assert isinstance(info, inspect.StructType)
        kinds = {f.name: f.type for f in info.fields}
        changes: dict[str, Any] = {}
        for key, value in raw.items():
            name = _plain(key)
            if name in kinds:
                changes[str(name)] = self._value(
                    (*path, key), kinds[str(name)], value, getattr(base, str(name))
                )
            else:
                near = difflib.get_close_matches(str(name), kinds, 1)
                hint = f"did you mean `{near[0]}`?" if near else f"known are {_list(kinds)}"
                self.problem((*path, key), f"there is no such setting; {hint}")
        return msgspec.structs.replace(base, **changes)

    def _value(
        self, path: tuple[str | int, ...], kind: inspect.Type, raw: object, default: object
    ) -> object:
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        if isinstance(default, msgspec.Struct) and isinstance(raw, Mapping):
            return self._struct(path, raw, default)
        if isinstance(kind, inspect.DictType) and isinstance(raw, Mapping):
            read: dict[str, object] = dict(default) if isinstance(default, Mapping) else {}
            for key, value in raw.items():
                missing = object()
                one = self._value((*path, str(key)), kind.value_type, value, missing)
                if one is not missing:
                    read[str(key)] = one
            return read
        if _fits(kind, raw):
            return tuple(raw) if isinstance(raw, list) else raw
        kept = f"the default {_shown(default)} is used" if _is_plain(default) else "it is ignored"
        self.problem(path, f"expected {expected(kind)}, got {_shown(raw)}; {kept}")
        return default


def _fits(kind: inspect.Type, raw: object) -> bool:
    """Whether a value from TOML or JSON is one that the type takes, limits included."""
    match kind:
        case inspect.Metadata(type=inner):
            return _fits(inner, raw)
        case inspect.BoolType():
            return isinstance(raw, bool)
        case inspect.IntType(ge=low, le=high):
            if isinstance(raw, bool) or not isinstance(raw, int):
                return False
            return _within(raw, low, high)
        case inspect.FloatType(ge=low, le=high):
            if isinstance(raw, bool) or not isinstance(raw, int | float):
                return False
            return _within(raw, low, high)
        case inspect.StrType(min_length=shortest):
            return isinstance(raw, str) and len(raw) >= (shortest or 0)
        case inspect.LiteralType(values=values):
            return isinstance(raw, str) and raw in values
        case inspect.VarTupleType(item_type=item):
            return isinstance(raw, list | tuple) and all(_fits(item, one) for one in raw)
        case inspect.UnionType(types=types):
            return any(_fits(one, raw) for one in types)
        case _:
            return False


def _within(value: float, low: float | None, high: float | None) -> bool:
    return bool((low is None or value >= low) and (high is None or value <= high))


def _nested(sent: Mapping[Any, object]) -> dict[str, object]:
    """Turn `{"lsp.debounce": 1}` into `{"lsp": {"debounce": 1}}`."""
    out: dict[str, Any] = {}
    for key, value in sent.items():
        *parents, last = str(key).split(".")
        table = out
        for parent in parents:
            inner = table.setdefault(parent, {})
            table = inner if isinstance(inner, dict) else {}
        if isinstance(value, Mapping) and isinstance(table.get(last), dict):
            table[last].update(value)
        else:
            table[last] = dict(value) if isinstance(value, Mapping) else value
    return out


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _plain(key: str | int) -> str | int:
    """`maxFileSize` and `max-file-size` are `max_file_size`."""
    if isinstance(key, int) or not re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return key
    return _HUMP.sub("_", key).replace("-", "_").lower()


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str | tuple)


def _shown(value: object) -> str:
    """A value as a person would write it in TOML, not too long."""
    if isinstance(value, tuple):
        value = list(value)
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004


def _list(names: Mapping[str, object]) -> str:
    return ", ".join(f"`{n}`" for n in names)


_MARKS = (
    ".git",
    "pyproject.toml",
    "package.json",
    "go.mod",
    "pom.xml",
    "compose.yaml",
    "docker-compose.yml",
)


def _is_project(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in _MARKS)


def _has_section(path: Path) -> bool:
    """Whether a `pyproject.toml` has our section; one that does not parse may have it."""
    try:
        text = path.read_bytes().decode(errors="replace")
    except OSError:
        return False
    if "backend-engineer" not in text:
        return False
    try:
        tool = tomllib.loads(text).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return "[tool.backend-engineer" in text
    return isinstance(tool, dict) and "backend-engineer" in tool


def _syntax_problem(error: Exception, name: str, text: str) -> Problem:
    reason = str(error) if not isinstance(error, RecursionError) else "it is nested too deeply"
    at = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", reason)
    line, column = text.count("\n") + 1, 1
    if at and at.group(1):
        line, column = int(at.group(1)), int(at.group(2))
    reason = reason[: at.start()] if at else reason
    return Problem(name, line, column, f"is not valid TOML: {reason}; the defaults are used")
