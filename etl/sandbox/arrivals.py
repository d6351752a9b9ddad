"""What arrives on one day: lives of cases with all that belongs to them, and shared troubles."""

from datetime import datetime
from operator import itemgetter

from etl.sandbox.chance import chance
from etl.sandbox.life import DAY, Script, case_life, script
from etl.sandbox.model import Case, Event
from etl.sandbox.work import (
    SHARED_EVERY,
    bug_life,
    card_life,
    escalation_life,
    product_life,
    shared_life,
)

SPRINT_DAYS = 14
FIRST_SPRINT = 100


def arrivals(seed: int, start: datetime, day: int, cases: int, days: int) -> list[list[Event]]:
    """The lives that begin on `day`, counted from `start`; `cases` begin in every `days` days."""
    morning = start + DAY * day
    lives: list[list[Event]] = []
    if day % SHARED_EVERY == 0:
        rng = chance(seed, "shared", day)
        lives.append(shared_life(rng, day // SHARED_EVERY, morning, days))
    first, stop = day * cases // days, (day + 1) * cases // days
    scripts = [script(seed, index, morning, days) for index in range(first, stop)]
    # Numbers grow with the time of creation.
    moments = sorted(life.born for life in scripts)
    for life, born in zip(scripts, moments, strict=True):
        life.born = born
        lives.append(_life(life, seed, day))
    for life in lives:
        life.sort(key=itemgetter(0))
    return lives


def _life(life: Script, seed: int, day: int) -> list[Event]:
    case_life(life, seed)
    case: Case = life.events[0][2][0]
    rng = life.rng
    if not life.rare(20, 19):
        card_life(life, case.summary, case.severity, FIRST_SPRINT + day // SPRINT_DAYS)
    if life.rare(33, 3):
        escalation_life(life, case.summary, case.account)
    if rng.random() < 0.15:
        bug_life(life, case.summary)
    if rng.random() < 0.12:
        product_life(life, case.summary)
    shared = f"shared:{day // SHARED_EVERY}"
    if rng.random() < 0.10:
        life.add(life.moment(0.2, 0.7), "link_bug", life.number, shared)
    if rng.random() < 0.06:
        life.add(life.moment(0.2, 0.7), "link_issue", life.number, shared)
    return life.events
