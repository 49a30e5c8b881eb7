"""From a folder to its configuration and session, the same way for every command."""

from __future__ import annotations

from pathlib import Path

from backend_analyzers.catalog import RULES
from backend_analyzers.workspace import Options
from backend_engineer import cache
from backend_engineer.answering import Answering
from backend_engineer.configuration import Configuration, Problem, check_rules
from backend_engineer.discovery import Rules
from backend_engineer.session import Session
from backend_engineer.settings import Settings


def open_session(root: Path, settings: Settings) -> Session:
    """A session that reads `root` the way the settings say; nothing is read yet."""
    dialect = "" if settings.dialect == "auto" else settings.dialect
    return Session(
        root,
        rules=Rules(settings.include, settings.exclude, settings.max_file_size, dialect),
        cache=cache_folder(root, settings),
        jobs=settings.jobs,
        options=Options(
            complete=False,
            statistics=bool(settings.planner.statistics or settings.planner.rows),
            recent_migrations=settings.recent_migrations,
        ),
    )


def open_answering(root: Path, settings: Settings) -> Answering:
    """The planner of a project; nothing is started yet."""
    return Answering(root, settings.planner, cache_folder(root, settings))


def cache_folder(root: Path, settings: Settings) -> Path | None:
    """Where results are kept; None for nowhere."""
    if isinstance(settings.cache, str):
        return root / Path(settings.cache).expanduser()
    return cache.folder() if settings.cache else None


def problems(configuration: Configuration) -> tuple[Problem, ...]:
    """All that is wrong with a configuration, names of rules that do not exist included."""
    groups = frozenset(rule.category for rule in RULES.values())
    return (*configuration.problems, *check_rules(configuration, frozenset(RULES), groups))
