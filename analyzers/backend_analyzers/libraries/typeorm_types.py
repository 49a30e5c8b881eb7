"""The words of TypeORM's migrations: the types of its columns, as PostgreSQL has them.

From https://typeorm.io/docs/entity/entities/#column-types-for-postgres.
"""

from __future__ import annotations

TYPES = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "number": "integer",
    "string": "character varying",
    "varchar": "character varying",
    "boolean": "boolean",
    "bool": "boolean",
    "Date": "timestamp",
    "datetime": "timestamp",
    "float": "double precision",
    "float8": "double precision",
    "double": "double precision",
    "float4": "real",
    "simple-array": "text",
    "simple-json": "text",
    "simple-enum": "text",
}
SERIALS = {"integer": "SERIAL", "bigint": "BIGSERIAL", "smallint": "SMALLSERIAL"}

READS = frozenset(
    {
        *("hasTable", "hasColumn", "hasSchema", "hasDatabase", "getTable", "getTables", "getView"),
        *("getViews", "getSchemas", "connect", "release", "startTransaction", "commitTransaction"),
        *("rollbackTransaction", "connection", "isTransactionActive", "getDatabases"),
    }
)
