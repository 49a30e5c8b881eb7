"""SQL as values: what a statement reads and writes, what DDL declares, and the schema that follows.

Text goes in and values come out. Nothing here knows of files, of host languages or of rules, and
nothing raises: what a parser does not understand is *unknown*, and says so.
"""
