"""Names of types, made comparable."""

from __future__ import annotations

import re

_SPACE = re.compile(r"\s+")
_PARTS = re.compile(
    r"^([a-z_\"][\w\". ]*?)\s*(\([^)]*\))?\s*((?:with|without) time zone)?((?:\s*\[\d*\])*|\s+array)$"
)
_SAME = {
    "int": "integer",
    "int4": "integer",
    "serial": "integer",
    "serial4": "integer",
    "int8": "bigint",
    "bigserial": "bigint",
    "serial8": "bigint",
    "int2": "smallint",
    "smallserial": "smallint",
    "serial2": "smallint",
    "bool": "boolean",
    "varchar": "character varying",
    "char varying": "character varying",
    "char": "character",
    "bpchar": "character",
    "decimal": "numeric",
    "dec": "numeric",
    "float8": "double precision",
    "float": "double precision",
    "double": "double precision",
    "float4": "real",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "varbit": "bit varying",
}
SERIAL = frozenset({"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"})


def normalised_type(text: str) -> str:
    """``VARCHAR (20)`` and ``character varying(20)`` are the same type."""
    plain = _SPACE.sub(" ", text.strip().lower())
    found = _PARTS.match(plain)
    if found is None:
        return plain
    base, size, zone, array = found.groups()
    base = base.removeprefix("pg_catalog.").removeprefix("public.").strip()
    name = f"{base} {zone}" if zone else _SAME.get(base, base)
    arguments = _SPACE.sub("", size or "")
    if arguments and name.startswith("time"):
        head, _, tail = name.partition(" ")
        name, arguments = f"{head}{arguments} {tail}".strip(), ""
    return f"{name}{arguments}{'[]' if array.strip() else ''}"


_BUILT_IN = frozenset(
    """bigint bit boolean box bytea character cidr circle date double inet integer interval json jsonb
    jsonpath line lseg macaddr macaddr8 money name numeric oid path point polygon real regclass
    smallint text time timestamp tsquery tsvector uuid xml int4range int8range numrange tsrange
    tstzrange daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange
    datemultirange""".split()  # noqa: SIM905 - as in chapter 8 of the manual
)


def is_built_in(kind: str) -> bool:
    """Whether a normalised type is PostgreSQL's own, rather than declared or an extension's."""
    found = re.match(r"[a-z]\w*", kind)
    return found is not None and found[0] in _BUILT_IN
