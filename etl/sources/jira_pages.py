"""The pages of a search in JIRA, by ascending key, so that nothing slips between two of them."""

from collections.abc import Callable, Iterator
from typing import Any

from etl.errors import Later
from etl.sources.jira_answers import issues_of

MOST_PAGES = 100_000


def token_pages(
    condition: str, ask: Callable[[str, str | None], dict[str, Any]]
) -> Iterator[list[dict[str, Any]]]:
    """The pages of Cloud: `ask` for one by the JQL and the token that the page before gave."""
    token, seen = None, set[str]()
    for _ in range(MOST_PAGES):
        answer = ask(f"{condition} ORDER BY key ASC", token)
        issues = issues_of(answer)
        if seen and not issues:
            raise Later("JIRA gave an empty page in the middle of a search.")
        yield issues
        # The token alone tells whether there is more; `isLast` has been seen to be wrong.
        token = answer.get("nextPageToken")
        if not token:
            return
        if token in seen:
            raise Later("JIRA gave the same page of a search twice.")
        seen.add(token)


def key_pages(
    condition: str, ask: Callable[[str], dict[str, Any]]
) -> Iterator[list[dict[str, Any]]]:
    """The pages of a Data Center: `ask` for what follows a key, as issues come and go."""
    last = None
    for _ in range(MOST_PAGES):
        after = f" AND key > {last!r}".replace("'", '"') if last else ""
        answer = ask(f"({condition}){after} ORDER BY key ASC")
        issues = issues_of(answer)
        if last and not issues:
            raise Later("JIRA gave an empty page in the middle of a search.")
        yield issues
        if not issues or len(issues) >= int(answer.get("total", 0)):
            return
        last = issues[-1]["key"]
