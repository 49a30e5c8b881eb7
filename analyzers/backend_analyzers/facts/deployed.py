"""What Compose files say of the processes that run: which code, how often, and which database server.

A number that a file leaves to the environment (`${WORKERS}`) is not known.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact
from backend_analyzers.source import File, Language, Place
from backend_analyzers.syntax import module
from backend_analyzers.syntax.yaml import values


class Deployed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A service of a Compose file.

    `folder` holds its code, None when it runs an image that is made elsewhere.  `replicas`, `workers`
    and `threads` are None when they are not known.  `limit` is how many connections it takes when it
    is a database server, whose name others reach it by.  `speaks` are the texts of its environment.
    """

    name: str
    at: Place
    folder: str | None = None
    replicas: int | None = 1
    workers: int | None = None
    threads: int | None = None
    limit: int | None = None
    dialect: str = ""
    speaks: tuple[str, ...] = ()


_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose(?:\.(?:prod|production))?\.ya?ml$")
"""Files for development and tests say nothing about what runs for people."""


@file_fact
def deployed(file: File) -> tuple[Deployed, ...]:
    """The services of a Compose file."""
    if file.language is not Language.YAML or not _COMPOSE.search(file.path):
        return ()
    found = values(file)
    lowered = module(file)
    services: list[Deployed] = []
    for unit in lowered.units:
        said = found.get(unit.key)
        if unit.owner == "services" and isinstance(said, ir.Collection) and said.entries:
            entry = said.entries[0]
            if isinstance(entry.key, ir.Text) and isinstance(entry.value, ir.Collection):
                at = Place(file.path, unit.key, entry.key.start, entry.key.end)
                name = entry.key.constant or ""
                services.append(_service(file.path, name, at, _mapping(entry.value)))
    return tuple(services)


def _mapping(value: ir.Expr | None) -> dict[str, ir.Expr]:
    if not isinstance(value, ir.Collection) or value.kind != "mapping":
        return {}
    return {
        entry.key.constant or "": entry.value
        for entry in value.entries
        if isinstance(entry.key, ir.Text)
    }


def _text(value: ir.Expr | None) -> str:
    if isinstance(value, ir.Text):
        return value.constant or ""
    return str(value.value) if isinstance(value, ir.Constant) and value.value is not None else ""


def _texts(value: ir.Expr | None) -> list[str]:
    if isinstance(value, ir.Collection):
        return [_text(one.value) for one in value.entries]
    return [_text(value)] if value is not None else []


def _service(path: str, name: str, at: Place, said: Mapping[str, ir.Expr]) -> Deployed:
    command = _words(said.get("command"))
    environment = _environment(said.get("environment"))
    limit, dialect = _server(_text(said.get("image")), command)
    workers, threads = _workers(command, environment)
    return Deployed(
        name=name,
        at=at,
        folder=_folder(path, said.get("build")),
        replicas=_replicas(said),
        workers=workers,
        threads=threads,
        limit=limit,
        dialect=dialect,
        speaks=tuple(f"{key}={value}" for key, value in environment.items()),
    )


def _words(command: ir.Expr | None) -> list[str]:
    """The words of a command; what a shell is given is taken apart as well."""
    words = _texts(command) if isinstance(command, ir.Collection) else _split(_text(command))
    return [part for word in words for part in (_split(word) if " " in word else [word])]


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _environment(value: ir.Expr | None) -> dict[str, str]:
    if isinstance(value, ir.Collection) and value.kind == "mapping":
        return {key: _text(one) for key, one in _mapping(value).items()}
    pairs = (text.partition("=") for text in _texts(value))
    return {key: rest for key, _, rest in pairs}


def _folder(path: str, build: ir.Expr | None) -> str | None:
    """The folder with the code of a service: that of its Dockerfile, or what it is built from."""
    if build is None:
        return None
    said = _mapping(build)
    context = _text(said.get("context")) if said else _text(build)
    dockerfile = _text(said.get("dockerfile"))
    if "$" in context or "://" in context or context.startswith("/"):
        return None
    base = posixpath.join(posixpath.dirname(path), context or ".", posixpath.dirname(dockerfile))
    folder = posixpath.normpath(base)
    return None if folder.startswith("..") else "" if folder == "." else folder


def _replicas(said: Mapping[str, ir.Expr]) -> int | None:
    deploy = _mapping(said.get("deploy"))
    for value in (deploy.get("replicas"), said.get("scale")):
        if value is not None:
            return _number(_text(value))
    return 1


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None  # noqa: PLR2004


_SERVERS = re.compile(
    r"(?:^|/)(?:(?P<postgresql>postgres|postgresql|postgis|timescaledb|pgvector)"
    r"|(?P<mysql>mysql|mariadb))(?::[^/]*)?$"
)
_DEFAULTS = {"postgresql": 100, "mysql": 151}
"""https://www.postgresql.org/docs/current/runtime-config-connection.html, and MySQL's `max_connections`."""
_LIMIT = re.compile(r"max[_-]connections[= ](\S+)")


def _server(image: str, command: list[str]) -> tuple[int | None, str]:
    """How many connections a service takes when it is a database server."""
    found = _SERVERS.search(image)
    kind = found.lastgroup if found is not None else None
    if kind is None:
        return None, ""
    written = " ".join(command)
    said = _LIMIT.search(written)
    if said is not None:
        return _number(said[1]), kind
    if command and "postgres" not in command[0] and not command[0].startswith("-"):
        return None, ""  # another program of the same image
    return _DEFAULTS[kind], kind


_WORKERS = ("-w", "--workers")
_THREADED = frozenset({"uvicorn", "hypercorn", "granian", "fastapi", "daphne"})


def _workers(command: list[str], environment: Mapping[str, str]) -> tuple[int | None, int | None]:
    """How many processes and how many threads in each a command starts; None is not known."""
    program = next((word.rpartition("/")[2] for word in command if not word.startswith("-")), "")
    given = [word.rpartition("/")[2] for word in command]
    workers = _option(command, _WORKERS)
    if workers is None and "WEB_CONCURRENCY" in environment:
        workers = environment["WEB_CONCURRENCY"]
    if "gunicorn" in given:
        kind = _option(command, ("-k", "--worker-class")) or ""
        threads = _option(command, ("--threads",))
        is_sync = not kind or kind in {"sync", "gthread"}
        limit = _number(threads or "1") if is_sync else None
        return (_number(workers) if workers is not None else None), limit
    if program in _THREADED or "uvicorn" in given:
        return (_number(workers) if workers is not None else 1), None
    return None, None


def _option(command: list[str], names: tuple[str, ...]) -> str | None:
    """The value of an option: `-w 4`, `--workers=4`, `-w4`."""
    for place, word in enumerate(command):
        for name in names:
            if word == name and place + 1 < len(command):
                return command[place + 1]
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
            if len(name) == 2 and word.startswith(name) and word[2:].isdigit():  # noqa: PLR2004
                return word[2:]
    return None
