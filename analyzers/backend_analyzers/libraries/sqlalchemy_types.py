"""What SQLAlchemy's types, and those of the packages around it, are in PostgreSQL.

As `CREATE TABLE` compiles them with the dialect `postgresql` of SQLAlchemy 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Spelling(msgspec.Struct, frozen=True):
    """The name of a type in SQL, and which of its arguments stand in parentheses, in order.

    `zone` says that `timezone=True` makes it one with a time zone.  Without arguments it has
    `otherwise` in the parentheses, if anything.
    """

    name: str
    arguments: tuple[str, ...] = ()
    zone: bool = False
    otherwise: str = ""


def _same(names: str) -> dict[str, Spelling]:
    """Types that are called in code as they are in SQL, in capitals."""
    return {name: Spelling(name.upper()) for name in names.split()}


_LENGTH = ("length",)
_PRECISE = ("precision", "scale")

TYPES: Mapping[str, Spelling] = {
    **_same(
        """
        JSON JSONB UUID INET CIDR MACADDR MACADDR8 MONEY OID REGCLASS REGCONFIG TSVECTOR TSQUERY HSTORE
        CITEXT INTERVAL BYTEA DATE TEXT BOOLEAN INTEGER BIGINT SMALLINT REAL INT4RANGE INT8RANGE
        NUMRANGE DATERANGE TSRANGE TSTZRANGE INT4MULTIRANGE INT8MULTIRANGE NUMMULTIRANGE
        DATEMULTIRANGE TSMULTIRANGE TSTZMULTIRANGE
        TINYINT MEDIUMINT TINYTEXT MEDIUMTEXT LONGTEXT TINYBLOB MEDIUMBLOB LONGBLOB DATETIME YEAR
        """
    ),
    "INT": Spelling("INTEGER"),
    "Integer": Spelling("INTEGER"),
    "SmallInteger": Spelling("SMALLINT"),
    "BigInteger": Spelling("BIGINT"),
    "String": Spelling("VARCHAR", _LENGTH),
    "VARCHAR": Spelling("VARCHAR", _LENGTH),
    "NVARCHAR": Spelling("VARCHAR", _LENGTH),
    "Unicode": Spelling("VARCHAR", _LENGTH),
    "AutoString": Spelling("VARCHAR", _LENGTH),
    "CHAR": Spelling("CHAR", _LENGTH),
    "NCHAR": Spelling("CHAR", _LENGTH),
    "Text": Spelling("TEXT"),
    "UnicodeText": Spelling("TEXT"),
    "CLOB": Spelling("TEXT"),
    "Numeric": Spelling("NUMERIC", _PRECISE),
    "NUMERIC": Spelling("NUMERIC", _PRECISE),
    "DECIMAL": Spelling("NUMERIC", _PRECISE),
    "Float": Spelling("FLOAT", ("precision",)),
    "FLOAT": Spelling("FLOAT", ("precision",)),
    "Double": Spelling("DOUBLE PRECISION"),
    "DOUBLE": Spelling("DOUBLE PRECISION"),
    "DOUBLE_PRECISION": Spelling("DOUBLE PRECISION"),
    "Boolean": Spelling("BOOLEAN"),
    "Date": Spelling("DATE"),
    "DateTime": Spelling("TIMESTAMP", zone=True),
    "TIMESTAMP": Spelling("TIMESTAMP", zone=True),
    "Time": Spelling("TIME", zone=True),
    "TIME": Spelling("TIME", zone=True),
    "Interval": Spelling("INTERVAL"),
    "LargeBinary": Spelling("BYTEA"),
    "BLOB": Spelling("BYTEA"),
    "BINARY": Spelling("BYTEA"),
    "VARBINARY": Spelling("BYTEA"),
    "PickleType": Spelling("BYTEA"),
    "Uuid": Spelling("UUID"),
    "BIT": Spelling("BIT", _LENGTH, otherwise="1"),
    # sqlalchemy-utils
    "UUIDType": Spelling("UUID"),
    "EmailType": Spelling("VARCHAR", _LENGTH, otherwise="255"),
    "URLType": Spelling("TEXT"),
    "IPAddressType": Spelling("VARCHAR", _LENGTH, otherwise="50"),
    "TSVectorType": Spelling("TSVECTOR"),
    "ArrowType": Spelling("TIMESTAMP"),
    "LtreeType": Spelling("LTREE"),
    "CountryType": Spelling("VARCHAR", otherwise="2"),
    "CurrencyType": Spelling("VARCHAR", otherwise="3"),
    "LocaleType": Spelling("VARCHAR", otherwise="10"),
    "ColorType": Spelling("VARCHAR", otherwise="20"),
    "TimezoneType": Spelling("VARCHAR", otherwise="50"),
    # pgvector
    "Vector": Spelling("VECTOR", ("dim",)),
    "VECTOR": Spelling("VECTOR", ("dim",)),
    "HALFVEC": Spelling("HALFVEC", ("dim",)),
}

PYTHON_TYPES: Mapping[str, str] = {
    "int": "Integer",
    "str": "String",
    "float": "Float",
    "bool": "Boolean",
    "bytes": "LargeBinary",
    "decimal.Decimal": "Numeric",
    "datetime.datetime": "DateTime",
    "datetime.date": "Date",
    "datetime.time": "Time",
    "datetime.timedelta": "Interval",
    "uuid.UUID": "Uuid",
    "pydantic.EmailStr": "String",
    "pydantic.UUID4": "Uuid",
}
"""The types that annotations stand for when nothing else is said."""

PACKAGES = frozenset(
    {
        *("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "sqlalchemy_utils", "alembic"),
        *(
            "geoalchemy2",
            "pgvector",
            "flask_appbuilder",
            "advanced_alchemy",
            "sqlalchemy_searchable",
        ),
        *("quart_sqlalchemy", "flask_sqlalchemy_lite", "sqlalchemy_json", "gino"),
    }
)
"""Packages that hand on SQLAlchemy's vocabulary, or add to it."""


def is_alchemy(name: str) -> bool:
    """Whether a qualified name is of SQLAlchemy or of a package around it."""
    return name.partition(".")[0] in PACKAGES
