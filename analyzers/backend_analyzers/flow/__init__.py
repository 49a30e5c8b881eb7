"""Names, types, constants and taint: what an expression denotes."""
