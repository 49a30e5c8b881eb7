"""One file per language: syntax tree to ir."""
