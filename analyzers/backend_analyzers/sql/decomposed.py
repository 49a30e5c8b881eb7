"""A decomposition as DDL: which tables a table would become."""

from __future__ import annotations

from backend_analyzers.sql.dependencies import Keys
from backend_analyzers.sql.names import quoted
from backend_analyzers.sql.normal_forms import Decomposition, Fragment
from backend_analyzers.sql.schema import Schema, Table


def as_ddl(table: Table, schema: Schema, keys: Keys, decomposition: Decomposition) -> str:
    """The tables of a decomposition as statements; the one with the table's key keeps its name.

    A fragment whose key leads to a table that has these columns already needs no table: it is said
    instead.
    """
    main = _main(table, keys, decomposition)
    there = _there(table, schema, main, decomposition)
    made = [one for one in decomposition.fragments if one is not main and one not in there]
    names = {id(one): _name(table, one) for one in made}
    out = [
        f"-- {', '.join(quoted(n) for n in one.columns if n not in one.key)}: read through "
        f"{', '.join(map(quoted, one.key))} from {label}"
        for one, label in there.items()
    ]
    out += [f"-- no key says any more that {one}" for one in decomposition.lost]
    statements = [_statement(table, names[id(one)], one, ()) for one in made]
    leads = [(one.key, names[id(one)]) for one in made if set(one.key) <= set(main.columns)]
    statements.append(_statement(table, table.name, main, leads))
    return "\n".join([*out, *statements])


def _main(table: Table, keys: Keys, decomposition: Decomposition) -> Fragment:
    """The fragment that stands for the rows of the table: that with its primary key, or with another."""
    for key in (table.primary_key or (), *keys.keys):
        holders = [one for one in decomposition.fragments if key and set(key) <= set(one.columns)]
        if holders:
            return max(holders, key=lambda one: len(one.columns))
    return decomposition.fragments[0]


def _there(
    table: Table, schema: Schema, main: Fragment, decomposition: Decomposition
) -> dict[Fragment, str]:
    """The fragments that a foreign key's table holds already."""
    found: dict[Fragment, str] = {}
    for one in decomposition.fragments:
        for key in table.foreign_keys:
            target = schema.tables.get(key.target)
            if one is not main and set(key.columns) == set(one.key) and target is not None:
                rest = [name for name in one.columns if name not in one.key]
                if all(any(name.endswith(c.name) for c in target.columns) for name in rest):
                    found[one] = target.label
    return found


def _name(table: Table, fragment: Fragment) -> str:
    """A name for a fragment: by what its key identifies."""
    words = [
        name.removesuffix("_id").removesuffix("_code").removesuffix("_key") for name in fragment.key
    ]
    stem = "_".join(words) or table.name
    return f"{table.name}_{stem}" if len(words) > 1 or stem == table.name else f"{stem}s"


def _statement(
    table: Table,
    name: str,
    fragment: Fragment,
    leads: list[tuple[tuple[str, ...], str]] | tuple[()],
) -> str:
    inside = set(fragment.columns)
    lines = []
    for column in table.columns:
        if column.name in inside:
            required = "" if column.nullable and column.name not in fragment.key else " NOT NULL"
            lines.append(f"  {quoted(column.name)} {column.type or 'text'}{required}")
    primary = table.primary_key if table.primary_key and set(table.primary_key) <= inside else ()
    key = primary if primary and name == table.name else fragment.key
    lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, key))})")
    lines += [
        f"  FOREIGN KEY ({', '.join(map(quoted, columns))}) REFERENCES {quoted(target)}"
        for columns, target in leads
    ]
    for lead in table.foreign_keys:
        target = lead.target.removeprefix("public.")
        if set(lead.columns) <= inside and all(set(c) != set(lead.columns) for c, _ in leads):
            path = ".".join(quoted(part) for part in target.split("."))
            lines.append(
                f"  FOREIGN KEY ({', '.join(map(quoted, lead.columns))}) REFERENCES {path}"
            )
    body = ",\n".join(lines)
    return f"CREATE TABLE {quoted(name)} (\n{body}\n);"
