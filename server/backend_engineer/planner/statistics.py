"""What is known of the size and the values of production's tables, as a value.

It comes from `pg_dump --statistics-only`, from our export query, or from declared numbers of rows.
Nothing of a statistics file is ever run: it is read, and applied through parameters.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import psycopg

from backend_analyzers.oracle import Evidence
from backend_engineer.planner.binaries import FOR_STATISTICS
from backend_engineer.planner.export import HEIGHTS, RELATIONS, SETTINGS, VALUES
from backend_engineer.settings import PlannerSettings

Connection = psycopg.Connection[tuple[Any, ...]]

_TYPES = {
    "version": "integer",
    "schemaname": "text",
    "relname": "text",
    "attname": "text",
    "attnum": "smallint",
    "inherited": "boolean",
    "relpages": "integer",
    "reltuples": "real",
    "relallvisible": "integer",
    "relallfrozen": "integer",
    "null_frac": "real",
    "avg_width": "integer",
    "n_distinct": "real",
    "most_common_vals": "text",
    "most_common_freqs": "real[]",
    "histogram_bounds": "text",
    "correlation": "real",
    "most_common_elems": "text",
    "most_common_elem_freqs": "real[]",
    "elem_count_histogram": "real[]",
    "range_length_histogram": "text",
    "range_empty_frac": "real",
    "range_bounds_histogram": "text",
}
"""The arguments of the functions that restore statistics (PostgreSQL 18, 9.28.11), with their types."""

_OF_VALUES = ("most_common_vals", "histogram_bounds", "most_common_elems")

_CALL = re.compile(r"pg_restore_(relation|attribute)_stats\s*\(")
_CREATE_DATABASE = re.compile(r"^CREATE DATABASE [^;]*;", re.MULTILINE)
_ARGUMENT = re.compile(
    r"\s*(?:'(?P<name>\w+)'\s*,\s*)(?:(?P<escaped>E)?'(?P<text>(?:[^']|'')*)'|(?P<bare>[-\w.]+))"
    r"(?:::[\w\[\] ]+)?\s*(?P<end>[,)])"
)


class Statistics(msgspec.Struct, frozen=True):
    """What is known; `heights` are those of B-tree indexes by name, `rows` declared numbers of rows.

    Each of `relations` and `attributes` holds the arguments of a call that restores it.
    """

    relations: tuple[dict[str, str], ...] = ()
    attributes: tuple[dict[str, str], ...] = ()
    heights: dict[str, int] = {}
    rows: dict[str, int] = {}
    version: int = 0
    """The major version that they come from; 0 when that is not said."""
    collation: Literal["", "C", "other"] = ""
    """Whether text is sorted by its bytes; "" when that is not said."""
    settings: dict[str, str] = {}
    """What production's planner is set to."""

    @property
    def evidence(self) -> Evidence:
        """What costs rest on where all is known; without values of columns that is sizes."""
        if any(name in attribute for attribute in self.attributes for name in _OF_VALUES):
            return "full"
        return "sizes" if self.relations or self.rows else "none"

    @property
    def digest(self) -> str:
        """Tells two apart: 16 hexadecimal digits."""
        from hashlib import blake2b  # noqa: PLC0415 - here alone

        return blake2b(msgspec.json.encode(self, order="deterministic"), digest_size=8).hexdigest()


class Hands(NamedTuple):
    """Two connections to one database: what the workspace declared is met with the owner's alone."""

    owner: Connection
    superuser: Connection


class Unreadable(Exception):  # noqa: N818 - said to a person
    """A file of the settings cannot be used; the message says which and why."""


def read(settings: PlannerSettings, root: Path) -> Statistics:
    """The statistics that the settings name.  Raises `Unreadable`."""
    found = Statistics()
    if settings.statistics:
        found = parse(_text(root / settings.statistics), settings.statistics)
    if settings.btree_heights:
        found = msgspec.structs.replace(
            found, heights={**found.heights, **_heights(root, settings.btree_heights)}
        )
    return msgspec.structs.replace(found, rows=dict(settings.rows))


def parse(text: str, name: str = "statistics") -> Statistics:
    """Read `pg_dump --statistics-only`, or the JSON of our export query.  Raises `Unreadable`."""
    if text.lstrip()[:1] == "{":
        return _from_export(text, name)
    relations: list[dict[str, str]] = []
    attributes: list[dict[str, str]] = []
    for match in _CALL.finditer(text):
        arguments = dict(_arguments(text, match.end()))
        if arguments.get("relname"):
            (relations if match[1] == "relation" else attributes).append(arguments)
    if not relations:
        raise Unreadable(
            f"`{name}` holds no statistics: expected what `pg_dump --statistics-only` (18 or newer) "
            "or the query of `backend-engineer planner statistics` writes"
        )
    version = int(relations[0].get("version", "0")) // 10_000
    made = _CREATE_DATABASE.search(text)
    collation = _collation(*_locale(made[0])) if made is not None else ""
    return Statistics(tuple(relations), tuple(attributes), version=version, collation=collation)


def restore(hands: Hands, known: Statistics) -> None:
    """Apply what fits the schema; the rest is left out.

    Relation and columns are separate statements: a column that is not there raises.
    """
    here = {
        (schema, table, column)
        for schema, table, column in hands.owner.execute(
            "SELECT n.nspname, c.relname, a.attname FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        ).fetchall()
    }
    tables = {(schema, table) for schema, table, _ in here}
    for relation in known.relations:
        if (relation.get("schemaname", "public"), relation["relname"]) in tables:
            _restore_relation(hands, relation)
    if not _takes_statistics(hands):
        return
    for attribute in known.attributes:
        key = (attribute.get("schemaname", "public"), attribute["relname"])
        column = attribute.get("attname")  # the keys of indexes have a number instead
        if (*key, column) in here if column is not None else key in tables:
            _restore(hands.owner, "attribute", attribute)


def restore_size(
    hands: Hands,
    schema: str,
    relation: str,
    pages: int,
    tuples: float,
    visible: int | None = None,
) -> None:
    """Say how large one relation is, and how many of its pages are visible to all: all by default."""
    seen = pages if visible is None else visible
    sizes = {"relpages": str(pages), "reltuples": str(tuples), "relallvisible": str(seen)}
    _restore_relation(hands, {"schemaname": schema, "relname": relation, **sizes})


def _takes_statistics(hands: Hands) -> bool:
    return hands.owner.info.server_version >= FOR_STATISTICS * 10_000


def _restore_relation(hands: Hands, arguments: Mapping[str, str]) -> None:
    if _takes_statistics(hands):
        _restore(hands.owner, "relation", arguments)
        return
    # Before 18 there is no function for this, and sizes are all that can be said.
    with contextlib.suppress(psycopg.Error):
        hands.superuser.execute(
            "UPDATE pg_class SET relpages = %s::int, reltuples = %s::real, relallvisible = %s::int "
            "WHERE relname = %s AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)",
            (
                arguments.get("relpages", "0"),
                arguments.get("reltuples", "-1"),
                arguments.get("relallvisible", "0"),
                arguments["relname"],
                arguments.get("schemaname", "public"),
            ),
        )


def _restore(connection: Connection, kind: str, arguments: Mapping[str, str]) -> None:
    names = [name for name in arguments if name in _TYPES and name != "version"]
    listed = ", ".join(f"'{name}', %s::{_TYPES[name]}" for name in names)
    try:
        connection.execute(
            f"SELECT pg_restore_{kind}_stats({listed})",
            [arguments[name] for name in names],
        )
    except psycopg.Error:
        # A value that does not fit the column's type here: the planner does without it.
        kept = {n: arguments[n] for n in names if not n.startswith(("most_common", "histogram"))}
        if len(kept) < len(names):
            _restore(connection, kind, kept)


def _arguments(text: str, start: int) -> Iterator[tuple[str, str]]:
    while (match := _ARGUMENT.match(text, start)) is not None:
        if match["text"] is not None:
            value = match["text"].replace("''", "'")
            yield match["name"], _unescaped(value) if match["escaped"] else value
        elif match["bare"].upper() != "NULL":
            yield match["name"], match["bare"]
        if match["end"] == ")":
            return
        start = match.end()


def _unescaped(value: str) -> str:
    letters = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
    return re.sub(r"\\(.)", lambda m: letters.get(m[1], m[1]), value, flags=re.DOTALL)


def _from_export(text: str, name: str) -> Statistics:
    try:
        found = json.loads(text)
        version = int(found["version"]) // 10_000
        relations = [_named(one, RELATIONS) for one in found["relations"]]
        attributes = [_named(one, VALUES) for one in found.get("attributes") or ()]
        heights = {
            one["name"]: int(one["height"])
            for one in found.get(HEIGHTS) or ()
            if one["height"] is not None
        }
        told = found.get("collation") or {}
        collation = _collation(told.get("provider") or "", told.get("name") or "")
        settings = {
            name: str(value)
            for name, value in (found.get("settings") or {}).items()
            if name in SETTINGS
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(
            f"`{name}` is not what `backend-engineer planner statistics` exports: {error!r}"
        ) from None
    return Statistics(
        tuple(relations), tuple(attributes), heights, {}, version, collation, settings
    )


def _locale(made: str) -> tuple[str, str]:
    """The provider and the collation of a CREATE DATABASE, as pg_dump writes it."""
    provider = re.search(r"LOCALE_PROVIDER\s*=\s*'?(\w)", made, re.IGNORECASE)
    name = re.search(r"(?:LC_COLLATE|\bLOCALE)\s*=\s*'([^']*)'", made, re.IGNORECASE)
    return (provider[1].lower() if provider else "", name[1] if name else "")


def _collation(provider: str, name: str) -> Literal["", "C", "other"]:
    """Text of PostgreSQL's own provider is sorted by its bytes; what a library sorts is not."""
    if provider == "b":
        return "C"
    if not name:
        return "other" if provider == "i" else ""
    return "C" if name in {"C", "POSIX"} and provider != "i" else "other"


def _named(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {name: str(row[name]) for name in names if row.get(name) is not None}


def _heights(root: Path, name: str) -> dict[str, int]:
    try:
        return msgspec.json.decode(_text(root / name), type=dict[str, int])
    except msgspec.MsgspecError as error:
        raise Unreadable(
            f"`{name}`: expected a JSON object from index names to heights: {error}"
        ) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Unreadable(f"`{path}` cannot be read: {error.strerror or error}") from None
