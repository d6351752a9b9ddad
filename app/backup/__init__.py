"""Backup and restore: a dump of PostgreSQL, and a manifest that says what must come out of it."""


class BackupError(Exception):
    """A backup or restore that was not done, or is not whole; says why and what to do."""
