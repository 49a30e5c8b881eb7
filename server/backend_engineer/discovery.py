"""Which files of a folder are read, and why the others are not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pathspec

from backend_analyzers.source import File, Language, decode

CONFIGURATION = "backend-engineer.toml"
IGNORE_FILES = (".gitignore", ".ignore", ".backend-engineer-ignore")
SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        ".tox",
        ".nox",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        "node_modules",
        "bower_components",
        "site-packages",
        ".next",
        ".nuxt",
        ".yarn",
        ".terraform",
    }
)
LARGEST_CODE = 2_000_000
"""Bytes; larger sources are generated, and their trees would not fit in memory."""
LARGEST_SQL = 64_000_000
"""Bytes; a dump is long, but it is read statement by statement."""
LARGEST_YAML = 1_000_000
"""Bytes; larger ones are generated."""
LOCKS = frozenset({"pnpm-lock.yaml", "pubspec.lock.yaml", "conda-lock.yml", "Podfile.lock.yaml"})
_MINIFIED_LINE = 5_000
_MINIFIED_MEAN = 400
_SNIFF = 8_192
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without waiting for somebody to write to a pipe."""


class Skipped(msgspec.Struct, frozen=True):
    """A file that is not read, and why."""

    path: str
    reason: str


class Rules(msgspec.Struct, frozen=True):
    """What the project's settings say of its files, as gitignore patterns."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    largest: int = 0
    """Bytes; 0 for the default of each language."""
    dialect: str = ""
    """Of SQL files; empty to judge by the text."""


def find_root(start: Path) -> Path:
    """The folder of the project around `start`.

    The nearest folder with our own configuration wins, then the nearest repository, then the
    nearest project file, then `start` itself.
    """
    folder = (start if start.is_dir() else start.parent).resolve()
    around = (folder, *folder.parents)
    for marks in ((CONFIGURATION,), (".git", ".hg"), ("pyproject.toml", "package.json")):
        for candidate in around:
            if any((candidate / mark).exists() for mark in marks):
                return candidate
    return folder


def discover(root: Path, rules: Rules | None = None) -> Iterator[str]:
    """The paths of the files to read, relative to `root`, with `/`, in order.

    Ignore files count in every folder, as in git.  Symbolic links are not followed: what they
    point at is read where it is, and loops cannot occur.
    """
    rules = rules or Rules()
    exclude = pathspec.GitIgnoreSpec.from_lines(rules.exclude)
    include = pathspec.GitIgnoreSpec.from_lines(rules.include) if rules.include else None
    for path in _walk(root, "", (*_around(root), ("", exclude))):
        if Language.of(path) and (include is None or include.match_file(path)):
            yield path


def read(root: Path, path: str, rules: Rules | None = None) -> File | Skipped:
    """The file at a relative path, or why it is left out.  Never raises for what the disk does."""
    language = Language.of(path)
    if language is None:
        return Skipped(path, "in no language that is read")
    if not path.isprintable() and any("\ud800" <= char <= "\udfff" for char in path):
        return Skipped(path, "its name is no UTF-8")
    if path.rpartition("/")[2] in LOCKS:
        return Skipped(path, "written by a package manager")
    limit = (rules.largest if rules else 0) or largest(language)
    try:
        with os.fdopen(os.open(root / path, _READ), "rb") as handle:
            status = os.fstat(handle.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Skipped(path, "not a regular file")
            if status.st_size > limit:
                return Skipped(path, f"{status.st_size:,} bytes, more than {limit:,}")
            raw = handle.read(limit + 1)
    except OSError as error:
        return Skipped(path, f"cannot be read: {error.strerror or error}")
    text, _ = decode(raw)
    dialect = rules.dialect if rules and language is Language.SQL else ""
    return classify(File(path, language, text.encode(errors="replace"), dialect), raw)


def largest(language: Language | None) -> int:
    """How many bytes of a file are read, unless the settings say so."""
    sizes = {Language.SQL: LARGEST_SQL, Language.YAML: LARGEST_YAML}
    return sizes.get(language, LARGEST_CODE) if language is not None else LARGEST_CODE


def classify(file: File, raw: bytes) -> File | Skipped:
    """The file, unless nobody writes it by hand."""
    if b"\0" in raw[:_SNIFF] and b"\0" in file.text[:_SNIFF]:
        return Skipped(file.path, "binary")
    if is_minified(file.text, file.language):
        return Skipped(file.path, "minified")
    return file


def is_minified(text: bytes, language: Language) -> bool:
    """Whether a script's lines are far longer than anyone types; a dump's may be."""
    if not language.is_ecmascript or len(text) < _MINIFIED_LINE:
        return False
    lines = text.count(b"\n") + 1
    return len(text) / lines > _MINIFIED_MEAN or b".min." in text[:200]


def _walk(
    root: Path, folder: str, ignored: tuple[tuple[str, pathspec.GitIgnoreSpec], ...]
) -> Iterator[str]:
    pending = [(folder, ignored)]
    while pending:
        folder, ignored = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name, reverse=True)
        except OSError:
            continue
        names = {entry.name for entry in found}
        for name in IGNORE_FILES:
            if name in names:
                ignored = (*ignored, (folder, _spec(root / folder / name)))
        files = []
        for entry in found:
            path = f"{folder}/{entry.name}" if folder else entry.name
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.is_symlink():
                    continue
            except OSError:
                continue
            if is_folder:
                if entry.name not in SKIPPED_FOLDERS and not _ignored(f"{path}/", ignored):
                    pending.append((path, ignored))
            elif Language.of(entry.name) and not _ignored(path, ignored):
                files.append(path)
        yield from reversed(files)


def _ignored(path: str, specs: Iterable[tuple[str, pathspec.GitIgnoreSpec]]) -> bool:
    """The last pattern that matches decides, deeper ignore files after shallower ones."""
    verdict = False
    for folder, spec in specs:
        relative = path[len(folder) + 1 :] if folder else path
        result = spec.check_file(relative)
        if result.include is not None:
            verdict = result.include
    return verdict


def _around(root: Path) -> tuple[tuple[str, pathspec.GitIgnoreSpec], ...]:
    """The repository's own excludes; ignore files above the root are left to that repository."""
    exclude = root / ".git" / "info" / "exclude"
    return (("", _spec(exclude)),) if exclude.is_file() else ()


def _spec(file: Path) -> pathspec.GitIgnoreSpec:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    try:
        return pathspec.GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return pathspec.GitIgnoreSpec.from_lines(line for line in lines if _is_pattern(line))


def _is_pattern(line: str) -> bool:
    try:
        pathspec.GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
