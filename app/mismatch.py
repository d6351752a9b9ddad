"""When a bug is taken less, or more, seriously than the case that waits for it."""

# What trackers call the severities 1..4: Bugzilla, JIRA's own priorities, Red Hat's scale.
WORDS = {
    1: ("urgent", "critical", "blocker", "highest", "p1"),
    2: ("high", "important", "major", "p2"),
    3: ("medium", "moderate", "normal", "minor", "p3"),
    4: ("low", "trivial", "lowest", "enhancement", "p4", "p5"),
}
_NUMBERS = {word: number for number, words in WORDS.items() for word in words}


def severity_of(words: str | None) -> int | None:
    """The severity 1..4 that a tracker's word stands for; None where it says nothing of it."""
    return _NUMBERS.get(words.strip().lower()) if words else None


def mismatch(words: str | None, severity: int | None) -> bool:
    """Whether a bug's severity, in its tracker's words, differs from that of its case."""
    told = severity_of(words)
    return told is not None and severity is not None and told != severity
