"""What can go wrong on the way in, named by what to do next."""


class FileRefused(Exception):
    """A file that cannot be imported at all; nothing of it was. The message is for people."""


class Malformed(Exception):
    """One record that cannot be understood; the others go on. The message is the reason."""
