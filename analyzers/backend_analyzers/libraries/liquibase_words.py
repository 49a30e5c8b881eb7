"""The words of Liquibase's changelogs: types, and what can be gone back from without saying how.

From https://docs.liquibase.com/change-types/home.html.
"""

from __future__ import annotations

TYPES = {
    "int": "integer",
    "integer": "integer",
    "mediumint": "integer",
    "tinyint": "smallint",
    "smallint": "smallint",
    "bigint": "bigint",
    "clob": "text",
    "nclob": "text",
    "longtext": "text",
    "mediumtext": "text",
    "tinytext": "text",
    "longvarchar": "text",
    "nvarchar": "varchar",
    "varchar2": "varchar",
    "nvarchar2": "varchar",
    "nchar": "char",
    "string": "varchar",
    "blob": "bytea",
    "longblob": "bytea",
    "mediumblob": "bytea",
    "tinyblob": "bytea",
    "binary": "bytea",
    "varbinary": "bytea",
    "longvarbinary": "bytea",
    "datetime": "timestamp",
    "datetime2": "timestamp",
    "smalldatetime": "timestamp",
    "currency": "decimal",
    "number": "numeric",
    "double": "double precision",
    "bool": "boolean",
    "bit": "boolean",
    "uniqueidentifier": "uuid",
}
"""The types that PostgreSQL calls by another name."""

WITHOUT_SIZE = frozenset({"integer", "smallint", "bigint", "boolean", "bytea", "text"})

ROWS = frozenset({"insert", "update", "delete", "loadData", "loadUpdateData"})
NOTHING = frozenset(
    {
        *(
            "modifySql",
            "tagDatabase",
            "output",
            "empty",
            "comment",
            "setColumnRemarks",
            "setTableRemarks",
            "stop",
        ),
        *("createSequence", "dropSequence", "alterSequence", "renameSequence", "createFunction"),
        *("dropProcedure", "createProcedure", "dropFunction"),
    }
)
"""Changes that leave tables, columns, keys and indexes as they are."""

REVERSIBLE = frozenset(
    {
        *(
            "createTable",
            "addColumn",
            "createIndex",
            "renameTable",
            "renameColumn",
            "addPrimaryKey",
        ),
        *("addForeignKeyConstraint", "addUniqueConstraint", "addNotNullConstraint", "createView"),
        *(
            "addDefaultValue",
            "addLookupTable",
            "createSequence",
            "dropNotNullConstraint",
            "renameView",
        ),
        *("setColumnRemarks", "setTableRemarks", "tagDatabase", "empty", "renameSequence"),
    }
)
"""Changes that Liquibase can go back from by itself."""
