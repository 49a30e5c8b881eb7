"""Text in, findings out: no files, clock, sockets, processes or editors in here."""
