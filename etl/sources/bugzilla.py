"""Bugzilla by REST, by XML-RPC where REST is not there (docs/sources.md tells the protocol)."""

import re
import xmlrpc.client
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import bugzilla
from bugzilla.exceptions import BugzillaError, BugzillaHTTPError
from requests import PreparedRequest, Session

from etl.errors import Later, Missing, Refused
from etl.http import Site
from etl.run import Run

BATCH = 100
FEW = 3
FIELDS = [
    "id",
    "summary",
    "status",
    "severity",
    "assigned_to",
    "target_release",
    "target_milestone",
    "creation_time",
    "last_change_time",
]
READING_CALLS = re.compile(
    rb"<methodName>(Bugzilla\.version|Bug\.(get|search|history))</methodName>"
)
NO_KEY = {300, 306, 410}
NOT_THERE, NOT_OURS = 101, 102
# The first version that knows them.
MINOR_UPDATES = (5, 1)
# Red Hat's Bugzilla takes the key in this way only.
BEARER_SITES = ".redhat.com"


class Bugzilla:
    """Bugzilla, read through a run's door. Refused when it does not take our key."""

    def __init__(self, run: Run) -> None:
        settings = run.settings
        url = str(settings.bugzilla_url)
        self.door = run.door(Site("Bugzilla", "CASEBOARD_BUGZILLA_URL", (url,), reads=_reads))
        self._key, self._url = settings.bugzilla_api_key, url
        self._client = self._connect()
        self.is_rest = bool(self._client.is_rest())
        self._batches: Any = None if self.is_rest else self._client

    def bugs(self, ids: Sequence[str], fields: Sequence[str] = FIELDS) -> dict[str, dict[str, Any]]:
        """The bugs that we may see, by id, with some fields; at most BATCH asked for at once."""
        if self.is_rest:
            # A search, which without a limit ends after twenty.
            asked = {"id": list(ids), "limit": len(ids), "include_fields": list(fields)}
            found = self._ask(self._client.query, asked)
        else:
            found = self._ask(
                self._client.getbugs, [int(i) for i in ids], include_fields=list(fields)
            )
        told = [bug.get_raw_data() for bug in found if bug is not None]
        return {str(bug["id"]): bug for bug in told if bug.get("id") is not None}

    def change(self, number: str, fields: dict[str, Any]) -> None:
        """Let fields of a bug be something else; Bugzilla mails nobody about it where it can."""
        quietly = {"minor_update": True} if self._knows_minor_updates() else {}
        self._ask(self._client.update_bugs, [int(number)], {**fields, **quietly})

    def _knows_minor_updates(self) -> bool:
        """Whether it takes a change without mails; others refuse what they do not know."""
        version = (self._client.bz_ver_major, self._client.bz_ver_minor)
        return BEARER_SITES in self._url or version >= MINOR_UPDATES

    def why_hidden(self, number: str) -> str:
        """Why a bug is not shown: restricted or gone."""
        try:
            self._ask(self._client.getbug, int(number), include_fields=["id"])
        except Missing as fault:
            return str(fault)
        return "shown"

    def histories(self, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The changes of visible bugs by id, oldest first: when, who, changes."""
        if not ids:
            return {}
        client = self._client if len(ids) <= FEW else self._for_batches()
        told = self._ask(client.bugs_history_raw, [int(number) for number in ids])
        found = {str(bug["id"]): list(bug.get("history") or []) for bug in told.get("bugs", [])}
        if not set(ids) <= found.keys():
            raise Later("Bugzilla left out the history of bugs that it shows.")
        return found

    def _connect(self) -> Any:
        if self._url.endswith("xmlrpc.cgi"):
            return self._open(self._url, rest=False)
        try:
            return self._open(self._url, rest=True)
        except (Refused, Later) as refusal:
            try:
                return self._open(self._xmlrpc_url(), rest=False)
            except (Refused, Later):
                raise refusal from None

    def _for_batches(self) -> Any:
        """A client that asks for many histories at once, as only XML-RPC can, if it is there."""
        if self._batches is None:
            try:
                self._batches = self._open(self._xmlrpc_url(), rest=False)
            except (Refused, Later):
                self._batches = self._client
        return self._batches

    def _xmlrpc_url(self) -> str:
        parts = urlsplit(self._url)
        root = f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('/rest')}"
        return f"{root.rstrip('/')}/xmlrpc.cgi"

    def _open(self, url: str, *, rest: bool) -> Any:
        return self._ask(
            bugzilla.Bugzilla,
            url,
            use_creds=False,
            force_rest=rest,
            force_xmlrpc=not rest,
            requests_session=self._session(),
        )

    def _session(self) -> Session:
        session = self.door.session()
        if self._key:
            # In a header, because addresses end up in access logs.
            bearer = BEARER_SITES in self._url
            name = "Authorization" if bearer else "X-BUGZILLA-API-KEY"
            session.headers[name] = f"Bearer {self._key}" if bearer else self._key
        return session

    def _ask(self, call: Any, *given: Any, **named: Any) -> Any:
        """Call the client; its errors become ours."""
        try:
            return call(*given, **named)
        except xmlrpc.client.Fault as error:
            raise _refusal(error.faultCode, error.faultString) from None
        except BugzillaHTTPError as error:
            status = getattr(error.response, "status_code", None)
            raise Refused(
                f"Bugzilla answered {status}. Check CASEBOARD_BUGZILLA_URL.", status
            ) from None
        except BugzillaError as error:
            raise _refusal(getattr(error, "code", None), str(error)) from None
        except (KeyError, TypeError, ValueError, AttributeError, xmlrpc.client.Error) as error:
            # The client stumbles over an answer that lacks what it should have.
            raise Later(f"Bugzilla answered in a form that was not expected ({error}).") from None


def _reads(request: PreparedRequest) -> bool:
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    if not isinstance(body, bytes):
        return False
    return str(request.path_url).endswith("/xmlrpc.cgi") and bool(READING_CALLS.search(body))


def _refusal(code: Any, told: str) -> Exception:
    if code in NO_KEY:
        return Refused(
            "Bugzilla does not accept CASEBOARD_BUGZILLA_API_KEY. Make a new key in its "
            "preferences.",
            401,
        )
    if code == NOT_THERE:
        return Missing("gone")
    if code == NOT_OURS:
        return Missing("restricted")
    return Refused(f"Bugzilla refused: {told[:300]}. Check CASEBOARD_BUGZILLA_URL.")
