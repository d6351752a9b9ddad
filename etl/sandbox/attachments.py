"""The files that customers and engineers attach to cases; each case always has the same."""

from collections.abc import Iterator
from datetime import timedelta

from etl.sandbox.chance import chance
from etl.sandbox.model import Attachment, Case

HOW_MANY = (0, 0, 1, 1, 2, 3, 5)
KINDS = (
    ("must-gather.{n}.tar.gz", "application/gzip", 900_000_000),
    ("sosreport-node-{n}.tar.xz", "application/x-xz", 120_000_000),
    ("kubelet-{n}.log", "text/plain", 4_000_000),
    ("Screenshot {n}.png", "image/png", 600_000),
    ("machine-config-{n}.yaml", "application/yaml", 20_000),
)
MINUTES = 5 * 24 * 60


def made_up(case: Case) -> Iterator[Attachment]:
    """The files that arrive in the first five days of a case, in no order."""
    dice = chance("attachments", case.number)
    for _ in range(dice.choice(HOW_MANY)):
        name, kind, most = dice.choice(KINDS)
        by_customer = dice.random() < 0.8
        yield Attachment(
            name=name.format(n=dice.randint(1, 99)),
            kind=kind,
            size=dice.randint(1_000, most),
            author=case.contact if by_customer or not case.owner else case.owner,
            created=case.created + timedelta(minutes=dice.randint(1, MINUTES)),
            description=dice.choice((None, "As asked for", "After the restart")),
            internal=not by_customer and dice.random() < 0.5,
        )
