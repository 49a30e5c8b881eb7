"""Which type of each database stands behind a scalar of a Prisma schema.

From https://www.prisma.io/docs/orm/reference/prisma-schema-reference#model-field-scalar-types.
"""

from __future__ import annotations

from backend_analyzers.sql.statement import Dialect

PROVIDERS: dict[str, Dialect] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "cockroachdb": "postgresql",
    "mysql": "mysql",
    "sqlite": "sqlite",
}
"""The dialects of the providers that are read; MongoDB and SQL Server are not."""

SCALARS: dict[Dialect, dict[str, str]] = {
    "postgresql": {
        "String": "TEXT",
        "Boolean": "BOOLEAN",
        "Int": "INTEGER",
        "BigInt": "BIGINT",
        "Float": "DOUBLE PRECISION",
        "Decimal": "DECIMAL(65,30)",
        "DateTime": "TIMESTAMP(3)",
        "Json": "JSONB",
        "Bytes": "BYTEA",
    },
    "mysql": {
        "String": "VARCHAR(191)",
        "Boolean": "BOOLEAN",
        "Int": "INTEGER",
        "BigInt": "BIGINT",
        "Float": "DOUBLE",
        "Decimal": "DECIMAL(65,30)",
        "DateTime": "DATETIME(3)",
        "Json": "JSON",
        "Bytes": "LONGBLOB",
    },
    "sqlite": {
        "String": "TEXT",
        "Boolean": "BOOLEAN",
        "Int": "INTEGER",
        "BigInt": "BIGINT",
        "Float": "REAL",
        "Decimal": "DECIMAL",
        "DateTime": "DATETIME",
        "Json": "JSONB",
        "Bytes": "BLOB",
    },
}

NATIVE = {
    "Integer": "INTEGER",
    "Int": "INTEGER",
    "SmallInt": "SMALLINT",
    "TinyInt": "TINYINT",
    "MediumInt": "MEDIUMINT",
    "BigInt": "BIGINT",
    "UnsignedInt": "INTEGER UNSIGNED",
    "UnsignedBigInt": "BIGINT UNSIGNED",
    "UnsignedSmallInt": "SMALLINT UNSIGNED",
    "UnsignedTinyInt": "TINYINT UNSIGNED",
    "DoublePrecision": "DOUBLE PRECISION",
    "Timestamptz": "TIMESTAMPTZ",
    "Timetz": "TIMETZ",
    "ByteA": "BYTEA",
    "JsonB": "JSONB",
}
"""The words behind `@db.` that are not the type itself in capitals."""

SERIALS = {"INTEGER": "SERIAL", "BIGINT": "BIGSERIAL", "SMALLINT": "SMALLSERIAL"}
