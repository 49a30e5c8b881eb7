"""What is known of a table or column, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.table_forms import TableForm, form_of, table_forms
from backend_analyzers.sql.schema import SchemaColumn, Table
from backend_engineer.lsp.question import Question
from backend_engineer.lsp.sql_names import Named

_SOURCES = {
    "key": "its keys",
    "unique": "its keys",
    "comment": "a comment",
    "data": "a sample of the data",
    "name": "the names of columns",
}


def described(question: Question, named: Named) -> str:
    """A table with its size and form, or one of its columns."""
    table, column = named.table, named.column
    place = f"in `{named.declaration.path}`"
    if column is None:
        rows = question.reviewed.project.rows
        count = rows.get(table.label, rows.get(table.name))
        size = f" · about {count:,} rows" if count is not None else ""
        form = form_of(question.workspace.fact(table_forms), named.home, table)
        parts = [
            f"**{table.label}** · {table.kind} {place}{size}",
            f"```sql\n{_create(table)}\n```",
            *(_form(form) if form is not None else ()),
        ]
        return "\n\n".join(part for part in parts if part)
    lines = [
        f"**{table.label}.{column.name}** · column {place}",
        f"```sql\n{_column(column)}\n```",
        "\n".join(f"- {fact}" for fact in _facts(table, column.name)),
    ]
    return "\n\n".join(line for line in lines if line)


def _form(form: TableForm) -> Iterator[str]:
    """The normal form, what it rests on, and how the table could be taken apart."""
    if form.analysis.form is None:
        return
    yield f"Normal form: {form.analysis.form}, by {_SOURCES[form.rests_on]}"
    if form.denormalised:
        yield "A comment says that it is denormalised on purpose"
    elif form.ddl:
        told = "; ".join(
            f"`{', '.join(one.right)}` follows from `{', '.join(one.left)}`"
            for one in form.analysis.violations
        )
        yield f"{told}. Taken apart:"
        yield f"```sql\n{form.ddl.strip()}\n```"


def _create(table: Table) -> str:
    lines = [f"  {_column(column)}" for column in table.columns]
    if table.primary_key:
        lines.append(f"  PRIMARY KEY ({', '.join(table.primary_key)})")
    lines += [
        f"  FOREIGN KEY ({', '.join(key.columns)}) REFERENCES {key.target.removeprefix('public.')}"
        for key in table.foreign_keys
    ]
    body = ",\n".join(lines)
    indexes = "".join(
        f"\nCREATE {'UNIQUE ' if index.unique else ''}INDEX {index.name} ON {table.label} "
        f"({', '.join(key.text for key in index.keys)});"
        for index in table.indexes
        if index.kind == "index"
    )
    return f"CREATE TABLE {table.label} (\n{body}\n);{indexes}"


def _column(column: SchemaColumn) -> str:
    default = f" DEFAULT {column.default}" if column.default else ""
    return f"{column.name} {column.type}{'' if column.nullable else ' NOT NULL'}{default}"


def _facts(table: Table, name: str) -> Iterator[str]:
    if table.primary_key and name in table.primary_key:
        yield f"primary key ({', '.join(table.primary_key)})"
    for key in table.foreign_keys:
        if name in key.columns:
            yield f"refers to `{key.target.removeprefix('public.')}`"
    leading = [index for index in table.indexes if name in index.columns[:1]]
    inner = [index for index in table.indexes if name in index.columns[1:]]
    if leading:
        names = ", ".join(f"`{index.name or index.kind}`" for index in leading)
        yield f"leads the index {names}"
    elif inner:
        yield f"is in the index `{inner[0].name or inner[0].kind}`, but does not lead it"
    else:
        yield "no index"
