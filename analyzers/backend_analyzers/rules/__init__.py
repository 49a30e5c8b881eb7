"""One module per rule, in the folder of its concern.  A new file here is a new rule."""
