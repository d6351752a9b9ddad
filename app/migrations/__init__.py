"""The tables' history: one file a revision, in one line."""
