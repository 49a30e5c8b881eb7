"""The words of knex's schema builder: the type of each column method, and what the other methods do.

From https://knexjs.org/guide/schema-builder.html and the column compilers of knex 3.
"""

from __future__ import annotations

from backend_analyzers.sql.statement import Dialect

TYPES: dict[Dialect, dict[str, str]] = {
    "postgresql": {
        "increments": "serial",
        "bigincrements": "bigserial",
        "tinyint": "smallint",
        "smallint": "smallint",
        "mediumint": "integer",
        "integer": "integer",
        "int": "integer",
        "biginteger": "bigint",
        "bigint": "bigint",
        "text": "text",
        "string": "varchar({0:255})",
        "varchar": "varchar({0:255})",
        "float": "real",
        "double": "double precision",
        "decimal": "decimal({0:8}, {1:2})",
        "boolean": "boolean",
        "bool": "boolean",
        "date": "date",
        "datetime": "timestamptz",
        "timestamp": "timestamptz",
        "time": "time",
        "binary": "bytea",
        "json": "json",
        "jsonb": "jsonb",
        "uuid": "uuid",
        "enu": "text",
        "enum": "text",
        "geometry": "geometry",
        "geography": "geography",
        "point": "point",
    },
    "mysql": {
        "increments": "int unsigned",
        "bigincrements": "bigint unsigned",
        "tinyint": "tinyint",
        "smallint": "smallint",
        "mediumint": "mediumint",
        "integer": "int",
        "int": "int",
        "biginteger": "bigint",
        "bigint": "bigint",
        "text": "text",
        "string": "varchar({0:255})",
        "varchar": "varchar({0:255})",
        "float": "float({0:8}, {1:2})",
        "double": "double",
        "decimal": "decimal({0:8}, {1:2})",
        "boolean": "boolean",
        "bool": "boolean",
        "date": "date",
        "datetime": "datetime",
        "timestamp": "timestamp",
        "time": "time",
        "binary": "blob",
        "json": "json",
        "jsonb": "json",
        "uuid": "char(36)",
        "enu": "enum({values})",
        "enum": "enum({values})",
        "geometry": "geometry",
        "point": "point",
    },
    "sqlite": {
        "increments": "integer",
        "bigincrements": "integer",
        "tinyint": "tinyint",
        "smallint": "integer",
        "mediumint": "integer",
        "integer": "integer",
        "int": "integer",
        "biginteger": "bigint",
        "bigint": "bigint",
        "text": "text",
        "string": "varchar({0:255})",
        "varchar": "varchar({0:255})",
        "float": "float",
        "double": "float",
        "decimal": "float",
        "boolean": "boolean",
        "bool": "boolean",
        "date": "date",
        "datetime": "datetime",
        "timestamp": "datetime",
        "time": "time",
        "binary": "blob",
        "json": "json",
        "jsonb": "json",
        "uuid": "char(36)",
        "enu": "text",
        "enum": "text",
        "geometry": "geometry",
        "point": "point",
    },
}
"""`{0:255}` is an argument after the name, with what it is by default."""

COLUMNS = frozenset(TYPES["postgresql"]) | {"specifictype"}

CLIENTS: dict[str, Dialect] = {
    "pg": "postgresql",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "pgnative": "postgresql",
    "cockroachdb": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
    "sqlite": "sqlite",
    "better-sqlite3": "sqlite",
}

HARMLESS = frozenset(
    {
        *("comment", "engine", "charset", "collate", "after", "first", "unsigned", "checkpositive"),
        *("checknegative", "checkin", "checknotin", "checkbetween", "checklength", "checkregex"),
        *("check", "dropchecks", "withkeyname", "deferrable", "index_name", "queryContext"),
        *("querycontext", "zerofill"),
    }
)
"""Methods of a table or a column that change nothing of what is asked here."""

READS = frozenset({"hastable", "hascolumn", "tosql", "tostring", "generateddlcommands"})
"""Methods of the schema that change nothing."""

OTHERS = frozenset(
    {*("mssql", "oracle", "oracledb", "oracle-xe", "redshift", "sqlserver", "mongodb", "db2")}
)
"""Names of databases that are not read."""
