"""`doctor`: whether this installation works, and what holds for a project."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.text import Text

from backend_analyzers.catalog import RULES
from backend_analyzers.source import File, Language
from backend_engineer import logs
from backend_engineer.cli.console import terminal
from backend_engineer.configuration import Configuration, find_root, load
from backend_engineer.project import cache_folder, problems

_PACKAGES = (
    "backend-engineer",
    "pygls",
    "lsprotocol",
    "tree-sitter",
    "tree-sitter-python",
    "tree-sitter-javascript",
    "tree-sitter-typescript",
    "tree-sitter-postgres",
    "sqlglot",
    "msgspec",
    "rich",
)


class Check(NamedTuple):
    """One line of the examination; `advice` says what to do when it is not well."""

    name: str
    is_well: bool
    text: str
    advice: str = ""


def examine(path: Path) -> int:
    """Print the state of things; 0 when all is well, 1 when something is to be done."""
    root = find_root((path.resolve(),), Path.cwd().resolve())
    configuration = load(root)
    checks = [check for make in _checks(root, configuration) for check in make()]
    console = terminal(sys.stdout)
    for check in checks:
        mark = ("ok  ", "green") if check.is_well else ("fail", "bold red")
        console.print(Text.assemble(mark, f" {check.name}: {check.text}"), soft_wrap=True)
        if not check.is_well and check.advice:
            console.print(f"       {check.advice}", soft_wrap=True)
    return 0 if all(check.is_well for check in checks) else 1


def _checks(root: Path, configuration: Configuration) -> Iterator[Callable[[], Iterator[Check]]]:
    yield _versions
    yield _grammars
    yield _rules
    yield lambda: _cache(root, configuration)
    yield lambda: _planner(root, configuration)
    yield _git
    yield lambda: _configuration(root, configuration)
    yield _logs


def _versions() -> Iterator[Check]:
    python = f"{platform.python_version()} at {sys.executable}"
    yield Check("Python", sys.version_info >= (3, 11), python, "Install Python 3.11 or later.")
    for name in _PACKAGES:
        try:
            yield Check(name, is_well=True, text=version(name))
        except PackageNotFoundError:
            yield Check(name, False, "is not installed", "Install backend-engineer again.")


def _grammars() -> Iterator[Check]:
    for language in Language:
        try:
            assert not File("example", language, b"").tree.root_node.has_error
        except Exception as error:  # noqa: BLE001 - whatever a broken installation raises
            advice = "Install backend-engineer again: its grammar does not load."
            yield Check(f"grammar {language}", False, str(error), advice)
        else:
            yield Check(f"grammar {language}", is_well=True, text="loads")


def _rules() -> Iterator[Check]:
    yield Check("rules", bool(RULES), f"{len(RULES)}", "Install backend-engineer again.")


def _cache(root: Path, configuration: Configuration) -> Iterator[Check]:
    folder = cache_folder(root, configuration.settings)
    if folder is None:
        yield Check("cache", is_well=True, text="off")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "Make the folder writable, or name another with the setting `cache`."
        yield Check("cache", False, f"{folder} is not writable: {error.strerror}", advice)
    else:
        size = sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
        yield Check("cache", is_well=True, text=f"{folder} ({size / 1e6:.1f} MB)")


def _planner(root: Path, configuration: Configuration) -> Iterator[Check]:
    settings = configuration.settings.planner
    if not settings.enabled:
        yield Check("planner", is_well=True, text="off")
        return
    from backend_engineer.planner.status import status_of  # noqa: PLC0415 - needs psycopg

    status = status_of(settings, root)
    if not status["available"]:
        advice = "Queries are not planned and migrations not watched until then; all else works."
        yield Check("planner", False, status["reason"], advice)
        return
    known = status["statistics"]
    text = f"PostgreSQL {status['version']} in {status['folder']}; statistics: {known}"
    yield Check("planner", is_well=True, text=text)


def _git() -> Iterator[Check]:
    program = shutil.which("git")
    if program is None:
        advice = "Install git to use --since."
        yield Check("git", False, "is not on the PATH", advice)
        return
    try:
        done = subprocess.run(  # noqa: S603 - found on the PATH, fixed arguments
            [program, "--version"], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        yield Check("git", False, f"{program} does not run: {error}", "Install git again.")
    else:
        yield Check("git", is_well=True, text=done.stdout.strip())


def _configuration(root: Path, configuration: Configuration) -> Iterator[Check]:
    yield Check("project", is_well=True, text=str(root))
    where = str(configuration.path) if configuration.path else "no file, all defaults"
    found = problems(configuration)
    yield Check("configuration", not found, where, "Mend what follows.")
    for problem in found:
        yield Check("configuration", is_well=False, text=str(problem))
    changed = msgspec.to_builtins(configuration.settings)
    shown = msgspec.json.encode(changed).decode() if changed else "the defaults"
    yield Check("settings", is_well=True, text=shown)


def _logs() -> Iterator[Check]:
    path = logs.log_file()
    state = "" if path.exists() else " (nothing logged yet)"
    yield Check("log", is_well=True, text=f"{path}{state}")
