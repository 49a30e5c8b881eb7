"""What one file of Django migrations says."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.django.terms import Term, term
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Language, Place

Node = tuple[str, str]
"""An app and the name of one of its migrations; the app "?user" is that of the model for users."""


class MigrationFile(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The class `Migration` of a file.  `unit` is where its operations stand."""

    at: Place
    revision: str
    unit: str = ""
    operations: tuple[Term, ...] = ()
    dependencies: tuple[Node, ...] = ()
    replaces: tuple[Node, ...] = ()
    run_before: tuple[Node, ...] = ()
    atomic: bool = True
    complete: bool = True
    references: tuple[str, ...] = ()
    """The names in the operations, each once."""


class _Member(msgspec.Struct, frozen=True, gc=False):
    name: str
    unit: str
    value: Term


@file_fact
def migration_file(file: File) -> MigrationFile | None:
    """The migration of a file, if it is one."""
    if file.language is not Language.PYTHON or "/migrations/" not in f"/{file.path}":
        return None
    if b"Migration" not in file.text:
        return None
    at: Place | None = None
    members: dict[str, _Member] = {}
    complete = True
    for found in _members.each(file):
        if isinstance(found, Place):
            at = found
        elif isinstance(found, _Member):
            # What is put together piece by piece is not read.
            complete = complete and not (found.name in members and found.name == "operations")
            members[found.name] = found
    if at is None:
        return None
    operations = members.get("operations")
    listed = _with_members(operations.value, members) if operations is not None else None
    is_list = listed is not None and listed.kind == "list"
    atomic = members.get("atomic")
    dependencies, known = _nodes(members.get("dependencies"))
    return MigrationFile(
        at=at,
        revision=revision_of(file.path),
        unit=operations.unit if operations is not None else "",
        operations=listed.parts if listed is not None and is_list else (),
        references=tuple(dict.fromkeys(_references(listed))) if listed is not None else (),
        dependencies=dependencies,
        replaces=_nodes(members.get("replaces"))[0],
        run_before=_nodes(members.get("run_before"))[0],
        atomic=atomic is None or atomic.value.value is not False,
        complete=complete and known and (is_list or operations is None),
    )


def revision_of(path: str) -> str:
    """The name of a migration: that of its file."""
    return path.rpartition("/")[2].removesuffix(".py")


def _with_members(value: Term, members: dict[str, _Member], depth: int = 4) -> Term:
    """The operations, where they name lists that stand beside them in the class."""
    if value.kind == "name" and value.text.startswith("?") and depth > 0:
        member = members.get(value.text[1:])
        if member is not None:
            return _with_members(_moved(member.value, value), members, depth - 1)
    if value.kind not in {"call", "list"}:
        return value
    parts = tuple(_with_members(one, members, depth) for one in value.parts)
    changed = any(new is not old for new, old in zip(parts, value.parts, strict=True))
    return msgspec.structs.replace(value, parts=parts) if changed else value


def _moved(value: Term, to: Term) -> Term:
    """A term of another unit, at the place that names it."""
    parts = tuple(_moved(one, to) for one in value.parts)
    return msgspec.structs.replace(value, start=to.start, end=to.end, parts=parts, starts=())


@unit_fact
def _members(code: Code) -> Place | _Member | None:
    node, owner = code.unit.node, code.unit.owner
    match node:
        case ir.Class(name="Migration") if not owner and any(
            dotted(base.value).endswith("Migration") for base in node.bases
        ):
            return code.place_of(node.name_start, node.name_end)
        case ir.Assign(targets=(ir.Name(id=name),), value=value) if owner == "Migration" and value:
            return _Member(name, code.unit.key, term(code, value))
        case _:
            return None


def _references(value: Term) -> Iterator[str]:
    stack = [value]
    while stack:
        one = stack.pop()
        if one.kind == "name":
            yield one.text
        stack.extend(one.parts)


def _nodes(member: _Member | None) -> tuple[tuple[Node, ...], bool]:
    """The migrations of a list, and whether all could be read."""
    if member is None:
        return (), True
    if member.value.kind != "list":
        return (), False
    found: list[Node] = []
    for one in member.value.parts:
        values = [part.value for part in one.parts] if one.kind == "list" else []
        if len(values) == 2 and isinstance(values[0], str) and isinstance(values[1], str):  # noqa: PLR2004
            found.append((values[0], values[1]))
        elif one.last == "swappable_dependency" and one.positional():
            given = one.positional()[0].value
            label = given.partition(".")[0] if isinstance(given, str) else "?user"
            found.append((label, "__first__"))
        else:
            return tuple(found), False
    return tuple(found), True
