"""Rules about schemas and queries."""
