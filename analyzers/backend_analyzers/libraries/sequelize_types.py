"""The data types of Sequelize, as PostgreSQL has them.

From https://sequelize.org/docs/v6/other-topics/other-data-types/ and the types of its PostgreSQL dialect.
"""

from __future__ import annotations

TYPES = {
    "STRING": "VARCHAR(255)",
    "CHAR": "CHAR(255)",
    "TEXT": "TEXT",
    "CITEXT": "CITEXT",
    "INTEGER": "INTEGER",
    "BIGINT": "BIGINT",
    "SMALLINT": "SMALLINT",
    "TINYINT": "SMALLINT",
    "MEDIUMINT": "INTEGER",
    "FLOAT": "DOUBLE PRECISION",
    "REAL": "REAL",
    "DOUBLE": "DOUBLE PRECISION",
    "DECIMAL": "DECIMAL",
    "NUMERIC": "DECIMAL",
    "NUMBER": "DECIMAL",
    "BOOLEAN": "BOOLEAN",
    "DATE": "TIMESTAMP WITH TIME ZONE",
    "DATEONLY": "DATE",
    "TIME": "TIME",
    "UUID": "UUID",
    "JSON": "JSON",
    "JSONB": "JSONB",
    "BLOB": "BYTEA",
    "HSTORE": "HSTORE",
    "INET": "INET",
    "CIDR": "CIDR",
    "MACADDR": "MACADDR",
    "TSVECTOR": "TSVECTOR",
    "GEOMETRY": "GEOMETRY",
    "GEOGRAPHY": "GEOGRAPHY",
}
SIZED = {"STRING": "VARCHAR", "CHAR": "CHAR", "DECIMAL": "DECIMAL", "NUMERIC": "DECIMAL"}
"""Types whose arguments are a size."""

SERIALS = {"INTEGER": "SERIAL", "BIGINT": "BIGSERIAL", "SMALLINT": "SMALLSERIAL"}

BY_CLIENT = frozenset({"UUIDV4", "UUIDV1", "NOW"})
"""Defaults that Sequelize makes itself."""

READS = frozenset(
    {
        *("describeTable", "showAllTables", "showAllSchemas", "tableExists", "showIndex", "select"),
        *(
            "getForeignKeyReferencesForTable",
            "getForeignKeysForTables",
            "rawSelect",
            "showConstraint",
        ),
        *("quoteIdentifier", "quoteTable", "escape", "queryGenerator", "QueryGenerator"),
    }
)
ROWS = frozenset(
    {*("bulkInsert", "bulkUpdate", "bulkDelete", "insert", "update", "upsert", "increment")}
)
