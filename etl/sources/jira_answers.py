"""What JIRA's answers mean."""

from typing import Any

from jira.exceptions import JIRAError
from requests import PreparedRequest, Response

from etl.errors import Later, Refused

READING_PATHS = ("/search", "/search/jql", "/search/approximate-count", "/issue/bulkfetch")


def issues_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The issues of an answer; Later when it has none where some should be."""
    issues = answer.get("issues") if isinstance(answer, dict) else None
    if not isinstance(issues, list):
        raise Later("JIRA answered a search without issues.")
    return [issue for issue in issues if isinstance(issue, dict) and issue.get("key")]


def field_id(known: list[dict[str, Any]], purpose: str, name: str) -> str:
    """The id of a custom field by its name or id; Refused when that tells none, or several."""
    ids = [f["id"] for f in known if name == f["id"]] or [
        f["id"] for f in known if f.get("name") == name and f.get("custom", True)
    ]
    if len(ids) != 1:
        how = "no custom field" if not ids else f"{len(ids)} custom fields"
        raise Refused(
            f"JIRA has {how} named {name!r} ({purpose}). In CASEBOARD_JIRA_FIELDS give "
            f'{purpose} the name or id of the right one, or "" to go without.'
        )
    return str(ids[0])


def reads(request: PreparedRequest) -> bool:
    """Whether a POST only reads."""
    return str(request.path_url).split("?")[0].endswith(READING_PATHS)


def see_that_we_are_known(response: Response, **_: Any) -> None:
    """Cloud answers 200 and nothing to a bad token; only this header tells."""
    if "AUTHENTICATED_FAILED" in response.headers.get("X-Seraph-LoginReason", ""):
        raise Refused(
            "JIRA does not accept CASEBOARD_JIRA_TOKEN and answers as to a stranger; the token may "
            "have ended. Make a new one.",
            401,
        )


def refusal(error: JIRAError) -> Refused:
    """What an error of the client means, and what to do about it."""
    status, told = error.status_code, str(error.text or "").strip()[:300]
    hint = {
        400: "Check CASEBOARD_JIRA_PROJECT, _LABEL, _SPRINT and the escalation settings",
        401: "Check CASEBOARD_JIRA_TOKEN and CASEBOARD_JIRA_USERNAME",
        403: "Check what the account of CASEBOARD_JIRA_TOKEN may see",
        404: "Check CASEBOARD_JIRA_URL",
        410: "Set CASEBOARD_JIRA_KIND=cloud",
    }.get(status or 0, "Check CASEBOARD_JIRA_URL")
    return Refused(f"JIRA answered {status}: {told or 'nothing more'}. {hint}.", status)
