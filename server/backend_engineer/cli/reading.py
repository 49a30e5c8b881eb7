"""What the commands share: the project around some paths, read with a progress bar."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from backend_analyzers.facts.paths import is_test
from backend_analyzers.source import Language
from backend_analyzers.workspace import Workspace
from backend_engineer.cli.failure import Failure
from backend_engineer.configuration import find_configuration, find_root, load
from backend_engineer.project import open_session, problems
from backend_engineer.session import Session
from backend_engineer.settings import Settings


class Project(msgspec.Struct, frozen=True):
    """A project that was read, and the part of it that was asked about."""

    root: Path
    settings: Settings
    session: Session
    scopes: tuple[str, ...]
    """Paths relative to the root, of files or folders; empty for all."""

    @property
    def workspace(self) -> Workspace:
        return self.session.workspace

    @property
    def prefix(self) -> str:
        """What leads from the current folder to the root, when the root is below it."""
        current = Path.cwd()
        if self.root == current or not self.root.is_relative_to(current):
            return ""
        return self.root.relative_to(current).as_posix() + "/"

    @property
    def shown_prefix(self) -> str:
        """What leads from the current folder to the root, wherever that is."""
        try:
            relative = Path(os.path.relpath(self.root)).as_posix()
        except ValueError:  # another drive
            relative = self.root.as_posix()
        return "" if relative == "." else relative + "/"

    def holds(self, path: str) -> bool:
        """Whether a file belongs to what was asked about."""
        return not self.scopes or any(path == s or path.startswith(f"{s}/") for s in self.scopes)


def configured(paths: tuple[Path, ...], overrides: dict[str, object]) -> tuple[Path, Settings]:
    """The root of the project that some paths belong to, and its settings with options over them.

    Raises `Failure` with every problem of the configuration.
    """
    for path in paths:
        if not path.exists():
            raise Failure(f"`{path}` does not exist; name a folder or files of a backend")
    root = find_root(tuple(p.resolve() for p in paths), Path.cwd().resolve())
    configuration = load(root)
    settings = msgspec.structs.replace(
        configuration.settings, **{k: v for k, v in overrides.items() if v is not None}
    )
    if any(_is_test(root, path.resolve()) for path in paths):
        settings = msgspec.structs.replace(settings, tests=True)
    found = problems(configuration)
    if found:
        listed = "\n".join(f"  {problem}" for problem in found)
        raise Failure(f"the configuration of `{root}` does not hold:\n{listed}")
    return root, settings


def _is_test(root: Path, path: Path) -> bool:
    """Whether somebody named tests: then their findings are wanted."""
    inside = path.relative_to(root).as_posix() if path != root else root.name
    return is_test(f"{inside}/" if path.is_dir() else inside)


def read(paths: tuple[Path, ...], root: Path, settings: Settings) -> Project:
    """Read the whole project, so that the part asked about is seen in its context."""
    session = open_session(root, settings)
    with _progress() as bar:
        task = bar.add_task("Reading", total=None)
        session.index(lambda done, total: bar.update(task, completed=done, total=total))
    scopes = tuple(p.resolve().relative_to(root).as_posix() for p in paths)
    files = {s for s, p in zip(scopes, paths, strict=True) if p.is_file()}
    if unread := files - session.workspace.files.keys() - session.skipped.keys():
        session.refresh(path for path in unread if Language.of(path))
        for path in unread:
            if not Language.of(path):
                session.skipped[path] = "in no language that is read"
    project = Project(root, settings, session, () if "." in scopes else scopes)
    if _is_left_out(project, paths):
        return read(paths, paths[0].resolve(), settings)
    return project


def _is_left_out(project: Project, paths: tuple[Path, ...]) -> bool:
    """Whether the one folder that was named is one that its project ignores: it is read alone."""
    if len(paths) != 1 or not project.scopes or not paths[0].is_dir():
        return False
    known = (*project.workspace.files, *project.session.skipped)
    return find_configuration(project.root) is None and not any(map(project.holds, known))


def _progress() -> Progress:
    console = Console(file=sys.stderr)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
