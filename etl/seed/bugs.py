"""The bugs of a seeded world, and what was told of them when."""

from etl.seed.lives import DAY, Told
from etl.seed.world import World

SEVERITIES = {
    "bugzilla": ("urgent", "high", "medium", "medium", "low", "unspecified"),
    "jira": ("Critical", "Important", "Moderate", "Moderate", "Low", "Undefined"),
}
STATUSES = ("NEW", "ASSIGNED", "POST", "MODIFIED", "ON_QA", "CLOSED")
TARGETS = ("4.12.z", "4.14.0", "4.16.0", "4.18.0")

Bug = tuple[str, str, str]


def bugs(world: World) -> list[Bug]:
    """Tracker, key and summary of every bug."""
    chance = world.chance("bugs")
    found = []
    for number in range(world.bugs):
        summary = world.words.some(chance, 6)
        found.append(
            ("jira", f"BUGS-{number + 1}", summary)
            if number % 3 == 0
            else ("bugzilla", str(1_000_000 + number), summary)
        )
    return found


def told_of(world: World, known: list[Bug], first: int, last: int) -> list[list[tuple[int, Told]]]:
    """What was told of the bugs `first` to `last` (without it): (instant, fields), oldest first."""
    chance = world.chance(f"bugs from {first}")
    start, until = int(world.start.timestamp()), int(world.until.timestamp())
    stories = []
    for number in range(first, last):
        tracker = known[number][0]
        born = start + int((until - start - 40 * DAY) * number / world.bugs)
        begin: Told = {
            "status": "NEW",
            "severity": chance.choice(SEVERITIES[tracker]),
            "target": "---" if chance.random() < 0.4 else chance.choice(TARGETS),
            "assignee": world.engineers[chance.randrange(60)],
        }
        story = [(born, begin)]
        if chance.random() < 0.6:
            later = {"status": chance.choice(STATUSES[1:]), "target": chance.choice(TARGETS)}
            story.append((born + chance.randrange(DAY, 30 * DAY), later))
        stories.append(story)
    return stories
