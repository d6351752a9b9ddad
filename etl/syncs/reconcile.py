"""Reconciliation: once a day each source is asked how many records it has, and which we lack.

What was lost is asked for by its key, and loaded. What only the board has is left to the next full
enumeration, which is asked for. What still differs then stands in a work list of `/quality`.
"""

from collections.abc import Callable, Iterable

from etl.reconcile import cards as counted_cards
from etl.reconcile import cases as counted_cases
from etl.reconcile import linked
from etl.reconcile.differences import Found, ask_for_all, note, read_until
from etl.reconcile.narrowing import Compared, compare
from etl.run import Run
from etl.sources import bugzilla as bugzilla_source
from etl.sources import jira as jira_source
from etl.sources.bugzilla import Bugzilla
from etl.sources.jira import Jira
from etl.sources.portal import Portal
from etl.syncs import bugs, cards, cases, issues
from etl.syncs.sweep import batches

# Of more the full enumeration is asked at once, instead of each by its key.
MOST_ASKED = 1_000
UNREAD = "its source shows it; the board could not read it (rejected records tell why)"
UNASKED = "its source shows it; the next full enumeration reads it"
UNSHOWN = "its source no longer shows it; the full enumeration that was asked for settles that"
WORDS = {
    "case": "cases",
    "tracking": "cards",
    "escalation": "cards of the prio-list",
    "issue": "issues",
    "bug": "bugs",
}


def portal(run: Run) -> None:
    """Compare the cases of the portal with those on the board."""
    until = read_until("cases")
    if until is None:
        run.note("The cases have not been read yet; there is nothing to compare.")
        return
    source = Portal(run)
    wanted = cases.wanted_tag(run.settings.portal_query)
    counted = counted_cases.CountedCases(source, wanted, until)
    known = counted_cases.held()
    compared = compare(
        counted,
        known,
        counted_cases.FIRST,
        counted_cases.LAST,
        lambda done: run.tell("cases compared", done, len(known)),
    )
    _leave_out(compared, counted.coming)
    _settle(
        run,
        "case",
        compared,
        lambda keys: cases.ask_for(run, source, keys, wanted),
        counted_cases.held,
        "cases",
    )


def jira(run: Run) -> None:
    """Compare cards and linked issues of JIRA with those on the board."""
    source = Jira(run)
    settings = run.settings
    kinds = [("tracking", "cards", settings.jira_project)]
    if settings.jira_escalations_project:
        kinds.append(("escalation", "escalations", settings.jira_escalations_project))
    for kind, sync, project in kinds:
        if project:
            _cards(run, source, kind, sync, project)
    compared = linked.compare("jira", source.shown, jira_source.PAGE)
    # An issue that was moved is shown by the key that it has now.
    for some in batches(sorted(compared.lacking_there), jira_source.PAGE):
        _, hidden = source.issues(some)
        compared.lacking_there -= set(some) - set(hidden)
        compared.shown += len(some) - len(hidden)

    def ask_for(keys: list[str]) -> Iterable[str]:
        for some in batches(keys, jira_source.PAGE):
            yield from set(some) - set(issues.fetch(run, source, some))

    _settle(run, "issue", compared, ask_for, lambda: _known("jira"), "issues")


def bugzilla(run: Run) -> None:
    """Compare the linked bugs that Bugzilla shows with those that the board knows."""
    source = Bugzilla(run)
    compared = linked.compare(
        "bugzilla", lambda keys: set(source.bugs(keys)), bugzilla_source.BATCH
    )

    def ask_for(keys: list[str]) -> Iterable[str]:
        for some in batches(keys, bugzilla_source.BATCH):
            bugs.fetch(run, source, some)
            yield from source.bugs(some)

    _settle(run, "bug", compared, ask_for, lambda: _known("bugzilla"), "bugs")


def _cards(run: Run, source: Jira, kind: str, sync: str, project: str) -> None:
    until = read_until(sync)
    if until is None:
        run.note(f"The {WORDS[kind]} have not been read yet; there is nothing to compare.")
        return
    condition = cards.condition_of(kind, run.settings)
    counted = counted_cards.CountedCards(source, condition, project, until)
    known = counted_cards.held(kind, project)
    compared = compare(
        counted,
        known,
        counted_cards.FIRST,
        counted_cards.LAST,
        lambda done: run.tell(f"{WORDS[kind]} compared", done, len(known)),
    )
    _leave_out(compared, counted.coming)
    _settle(
        run,
        kind,
        compared,
        lambda keys: cards.ask_for(run, source, condition, kind, keys),
        lambda: counted_cards.held(kind, project),
        sync,
    )


def _known(tracker: str) -> list[str]:
    return [key for key, known in linked.held(tracker).items() if known]


def _leave_out(compared: Compared, coming: set[str]) -> None:
    """What changed since the last sync is not lost: the next one reads it."""
    unread = compared.lacking_here & coming
    compared.lacking_here -= unread
    compared.shown -= len(unread)


def _settle(
    run: Run,
    kind: str,
    compared: Compared,
    ask_for: Callable[[list[str]], Iterable[str]],
    held: Callable[[], Iterable[str]],
    sync: str,
) -> None:
    """Load what is lost here, see whether what is lacking there is, and keep what came of it.

    `ask_for` loads some records by their keys and tells which of them the source shows; `held`
    tells the keys on the board, `sync` is the sync that enumerates them.
    """
    here, there = sorted(compared.lacking_here), sorted(compared.lacking_there)
    loaded: set[str] = set()
    lost: dict[str, str] = {}
    surplus: dict[str, str] = {}
    run.tell(f"{WORDS[kind]} that differ", 0, len(here) + len(there))
    if 0 < len(here) + len(there) <= MOST_ASKED:
        shown = set(ask_for(here)) if here else set()
        now = set(held())
        loaded = set(here) & now
        lost = dict.fromkeys((set(here) & shown) - now, UNREAD)
        still = set(there) & now
        unshown = still - set(ask_for(sorted(still))) if still else set()
        surplus = dict.fromkeys(unshown, UNSHOWN)
    elif here or there:
        lost, surplus = dict.fromkeys(here, UNASKED), dict.fromkeys(there, UNSHOWN)
    if surplus or len(here) > MOST_ASKED:
        ask_for_all(sync)
    note(run, kind, Found(compared, loaded, lost, surplus))
    for number, words in (
        (len(loaded), "were lost, and are loaded again"),
        (len(lost), "are at the source and not on the board"),
        (len(surplus), "are on the board and no longer at the source"),
    ):
        if number:
            run.note(f"{number:,} {WORDS[kind]} {words}.")
