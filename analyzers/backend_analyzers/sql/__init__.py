"""SQL as values: statements, DDL and the schema they build."""
