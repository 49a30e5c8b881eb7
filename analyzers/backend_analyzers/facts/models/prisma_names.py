"""What Prisma calls the tables, columns and types of a schema in the database."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backend_analyzers.libraries.prisma_types import NATIVE, SCALARS
from backend_analyzers.sql.made import quoted_name, text_literal
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.syntax.prisma import Attribute, Block, Member

_Placed = tuple[str, str, Block]
"""(path, unit, block)."""

_LONGEST_NAME: dict[Dialect, int] = {"postgresql": 63, "mysql": 64, "sqlite": 1000}


class Schema(msgspec.Struct, frozen=True):
    """The blocks of one schema by name; `taken` are the names that models of other schemas have."""

    dialect: Dialect
    folder: str
    taken: frozenset[str]
    blocks: Mapping[str, _Placed]
    enums: Mapping[str, _Placed]
    has_foreign_keys: bool

    def key(self, name: str) -> str:
        """What a model is called in the workspace."""
        return f"{self.folder}:{name}" if name in self.taken else name

    def block(self, name: str) -> Block | None:
        placed = self.blocks.get(name)
        return placed[2] if placed is not None else None

    def table(self, block: Block) -> str:
        return _mapped(block.attributes) or block.name

    def namespace(self, block: Block) -> str | None:
        for one in block.attributes:
            if one.name == "schema" and one.arguments:
                return one.arguments[0].string
        return None

    def enum_name(self, block: Block) -> str:
        return _mapped(block.attributes) or block.name

    def label(self, member: Member) -> str:
        return _mapped(member.attributes) or member.name

    def constraint(self, *parts: str, suffix: str) -> str:
        """A name that Prisma makes: cut so that it ends with its suffix."""
        longest = _LONGEST_NAME[self.dialect] - len(suffix)
        return "_".join(parts)[:longest] + suffix


def _mapped(attributes: tuple[Attribute, ...]) -> str:
    """The name that `@map("x")` or `@@map("x")` gives."""
    for one in attributes:
        if one.name == "map":
            given = one.argument("name", 0)
            return (given.string or "") if given is not None else ""
    return ""


def column_of(member: Member) -> str:
    """The column of a field."""
    return _mapped(member.attributes) or member.name


def type_of(schema: Schema, member: Member) -> str:
    native = next((one for one in member.attributes if one.name.startswith("db.")), None)
    if native is not None:
        word = native.name.removeprefix("db.")
        size = ",".join(one.text for one in native.arguments)
        return NATIVE.get(word, word.upper()) + (f"({size})" if size else "")
    if member.type in schema.enums:
        return _enum_type(schema, schema.enums[member.type][2])
    if member.type.startswith("Unsupported("):
        return member.type[len("Unsupported(") : -1].strip('"')
    return SCALARS[schema.dialect].get(member.type, "")


def _enum_type(schema: Schema, block: Block) -> str:
    if schema.dialect == "postgresql":
        namespace = schema.namespace(block)
        name = quoted_name(schema.enum_name(block), "postgresql")
        return f"{quoted_name(namespace, 'postgresql')}.{name}" if namespace else name
    if schema.dialect == "mysql":
        labels = ", ".join(text_literal(schema.label(member)) for member in block.members)
        return f"ENUM({labels})"
    return "TEXT"


_MADE_BY_CLIENT = ("uuid(", "cuid(", "ulid(", "nanoid(", "auto(", "autoincrement(", "sequence(")


def default_of(schema: Schema, member: Member, written: str, type_text: str) -> str | None:
    """A default as the database has it; what the client makes is none."""
    if member.many and written.startswith("[") and schema.dialect == "postgresql":
        words = [word.strip() for word in written[1:-1].split(",") if word.strip()]
        values = (_value(schema, member, word) for word in words)
        return f"ARRAY[{', '.join(value for value in values if value)}]::{type_text}"
    return _value(schema, member, written)


def _value(schema: Schema, member: Member, written: str) -> str | None:
    if not written or written.startswith(_MADE_BY_CLIENT):
        return None
    if written.startswith("now("):
        return "CURRENT_TIMESTAMP(3)" if schema.dialect == "mysql" else "CURRENT_TIMESTAMP"
    if written.startswith("dbgenerated("):
        inner = written[len("dbgenerated(") : -1].strip()
        return inner[1:-1].replace('\\"', '"') if inner.startswith('"') else None
    if member.type in schema.enums:
        values = {m.name: schema.label(m) for m in schema.enums[member.type][2].members}
        return text_literal(values.get(written, written))
    if written.startswith('"'):
        return text_literal(written[1:-1].replace('\\"', '"').replace("\\\\", "\\"))
    return None if written.startswith("[") else written


def column_named(block: Block, field: str) -> str:
    return next((column_of(m) for m in block.members if m.name == field), field)
