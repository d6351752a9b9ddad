"""The one door to the outside: every request to a source passes here.

A `Door` is a transport adapter of `requests`, so our own session and the sessions inside the
client libraries for JIRA and Bugzilla behave alike: time limits, patience with sources that are
busy or garble an answer, renewed tokens, a bounded number of requests at a time, and no request
that writes unless writing is enabled.
"""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError as TransportError
from urllib3.exceptions import NewConnectionError

from etl.errors import Later, Refused, RunLost
from etl.pace import Pace, Patience

CONNECT_SECONDS = 5.0
BUSY = {429, 500, 502, 503, 504}
# A 503 may be a proxy's that waited for an answer in vain: what was asked for may have been done.
TURNED_AWAY = {429}
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
LARGEST_ANSWER = 128 * 1024 * 1024
TRIES = 6

Session = TypeVar("Session", bound=requests.Session)


@dataclass(slots=True)
class Site:
    """A source as the door knows it.

    `name` is for people, `setting` the variable that holds its address. `reads` tells of a POST
    whether it only reads. `bearer(url, renew)` gives the Authorization header, None for none.
    """

    name: str
    setting: str
    urls: tuple[str, ...]
    reads: Callable[[requests.PreparedRequest], bool] = lambda _: False
    bearer: Callable[[str, bool], str | None] | None = None


@dataclass(slots=True)
class Tally:
    """What passed the door; the run's row tells it."""

    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Garbled(Exception):
    """An answer that is not what the protocol promises; asking again may help."""


class Door(HTTPAdapter):
    """The way to one source, for one run.

    `read_only` refuses every request that could write. `stopped` ends all waiting with RunLost.
    When the source asks us to wait, all requests do, and fewer are sent at a time from then on;
    when that is longer than our patience, none is sent until then. Raises Later when patience has
    run out, Refused for what must not be sent; any other answer, also 400, 401, 403 and 404, goes
    to the caller.
    """

    def __init__(
        self, site: Site, patience: Patience, *, concurrency: int = 1, read_only: bool = True
    ) -> None:
        super().__init__(pool_connections=4, pool_maxsize=concurrency)
        self.site, self.patience, self.read_only = site, patience, read_only
        self.tally = Tally()
        self.stopped = threading.Event()
        self._pace = Pace(concurrency, patience.budget)
        self._hosts = {(urlsplit(url).scheme, urlsplit(url).netloc) for url in site.urls}
        self._ahead = timedelta(0)
        # Only to spread out waiting clients.
        self._dice = random.Random()  # noqa: S311

    def session(self) -> requests.Session:
        """A session whose requests all pass this door."""
        return self.guard(requests.Session())

    def guard(self, session: Session) -> Session:
        """Let a session, ours or a client library's, pass only through this door."""
        session.trust_env = False
        session.adapters.clear()
        for scheme in ("https://", "http://"):
            session.mount(scheme, self)
        return session

    def now(self) -> datetime:
        """The source's clock (UTC), as of its latest answer; ours before that."""
        return datetime.now(UTC) + self._ahead

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        """Send a request, again where that may help; the body is read whole."""
        reads = self._admit(request)
        renewed = False
        for attempt in range(TRIES):
            fault, asked_wait, undone = "", None, False
            try:
                response = self._once(request, renew=renewed)
            except (requests.RequestException, TransportError, OSError, _Garbled) as error:
                fault, undone = _cause(error), _unreached(error)
            else:
                if response.status_code == HTTPStatus.UNAUTHORIZED and not renewed:
                    # A token that ended in the middle of a run, or a passing fault: once more.
                    renewed = True
                    continue
                if response.status_code not in BUSY:
                    return response
                fault = f"answered {response.status_code}"
                asked_wait, undone = _retry_after(response), response.status_code in TURNED_AWAY
            # Nobody knows whether a write that was not answered was done.
            self._wait(attempt if reads else TRIES - 1, fault, asked_wait, undone=undone)
        raise AssertionError("unreachable: _wait gives up at the last try")

    def _once(self, request: requests.PreparedRequest, *, renew: bool) -> requests.Response:
        bearer = self.site.bearer
        if bearer is not None:
            header = bearer(str(request.url), renew)
            if header is not None:
                request.headers["Authorization"] = header
        with self._pace.turn():
            self._heed()
            self._sleep(0)
            with self.tally.lock:
                self.tally.requests += 1
            limits = (min(CONNECT_SECONDS, self.patience.timeout), self.patience.timeout)
            deadline = time.monotonic() + self.patience.timeout
            response = super().send(request, stream=True, timeout=limits, proxies={})
            response._content = _body(response, deadline)  # noqa: SLF001 - as requests itself does
        self._set_clock(response)
        if response.ok:
            _check(response)
        return response

    def _admit(self, request: requests.PreparedRequest) -> bool:
        """Whether a request only reads; Refused when it must not be sent at all."""
        parts = urlsplit(str(request.url))
        if (parts.scheme, parts.netloc) not in self._hosts:
            raise Refused(
                f"{self.site.name} sent us to {parts.netloc}, which {self.site.setting} does not "
                "name; nothing was sent there."
            )
        reads = request.method in {"GET", "HEAD"} or (
            request.method == "POST" and self.site.reads(request)
        )
        if self.read_only and not reads:
            raise Refused(
                f"{request.method} {parts.path} would write to {self.site.name}, and "
                "CASEBOARD_READ_ONLY is true; nothing was sent."
            )
        return reads

    def _heed(self) -> None:
        """Wait as long as the source asked us to; Later when we have not the patience for that."""
        while True:
            seconds, patient = self._pace.pause()
            if not seconds:
                return
            if not patient:
                told = f"{self.site.name} asks us to come back in {seconds:.0f} s."
                raise Later(told, seconds, undone=True)
            self._sleep(seconds)

    def _wait(self, attempt: int, fault: str, asked: float | None, *, undone: bool) -> None:
        """Wait before the next try; Later when that would be more than is left of patience."""
        backoff = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
        seconds = self._dice.uniform(0, backoff) if asked is None else asked
        last, to_all = attempt == TRIES - 1, asked is not None
        # What a source asks for holds for the others, also when this one is not tried again.
        patient = (to_all or not last) and self._pace.grant(seconds, to_all=to_all)
        if last or not patient:
            raise Later(self._given_up(fault, attempt + 1, asked), asked, undone=undone)
        self._sleep(seconds)

    def _sleep(self, seconds: float) -> None:
        if self.stopped.wait(seconds):
            raise RunLost("The run was stopped.")

    def _given_up(self, fault: str, tries: int, asked: float | None) -> str:
        times = "once" if tries == 1 else f"{tries} times"
        told = f"{self.site.name} {fault} (tried {times})."
        if asked is not None:
            return f"{told} It asks us to come back in {asked:.0f} s."
        return f"{told} If that lasts, check {self.site.setting} and the way to it."

    def _set_clock(self, response: requests.Response) -> None:
        told = _instant(response.headers.get("Date", ""))
        if told is not None:
            self._ahead = told - datetime.now(UTC)


def _body(response: requests.Response, deadline: float) -> bytes:
    """The whole body; TimeoutError when it has not arrived by the deadline, however it drips."""
    parts, length = [], 0
    while True:
        part = response.raw.read1(1 << 16, decode_content=True)
        if not part:
            break
        parts.append(part)
        length += len(part)
        if length > LARGEST_ANSWER:
            response.close()
            raise _Garbled(f"sent more than {LARGEST_ANSWER >> 20} MB")
        if time.monotonic() > deadline:
            response.close()
            raise TimeoutError
    response.raw.release_conn()
    return b"".join(parts)


def _check(response: requests.Response) -> None:
    """See that a good answer is whole: JSON that can be read, or XML with its end."""
    body, kind = response.content, response.headers.get("Content-Type", "")
    if response.request.method == "HEAD" or response.status_code == HTTPStatus.NO_CONTENT:
        return
    # What was written need not be told again.
    writes = (
        response.request.method in {"PUT", "DELETE"} or response.status_code == HTTPStatus.CREATED
    )
    if writes and not body:
        return
    if "xml" in kind:
        if not body.rstrip().endswith(b"</methodResponse>"):
            raise _Garbled("sent XML that breaks off")
        return
    if "html" in kind:
        raise _Garbled("sent a web page where data were asked for (a login page or a proxy?)")
    try:
        json.loads(body)
    except ValueError:
        raise _Garbled("sent JSON that cannot be read") from None


def _unreached(error: Exception) -> bool:
    """Whether a request did not even leave: there was no connection to send it over."""
    if isinstance(error, requests.ConnectTimeout) or "CERTIFICATE_VERIFY" in str(error):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, NewConnectionError)


def _cause(error: Exception) -> str:
    """A transport error in a few words."""
    if isinstance(error, _Garbled):
        return str(error)
    if isinstance(error, requests.ConnectTimeout | requests.ReadTimeout | TimeoutError):
        return "did not answer in time"
    told = str(error).lower()
    for sign, words in (
        ("timed out", "did not answer in time"),
        ("refused", "cannot be reached (connection refused)"),
        ("name or service not known", "cannot be reached (no such host)"),
        ("failed to resolve", "cannot be reached (no such host)"),
        ("certificate", "shows a certificate that cannot be trusted"),
        ("incomplete", "broke off in the middle of an answer"),
    ):
        if sign in told:
            return words
    return "broke off the connection"


def _retry_after(response: requests.Response) -> float | None:
    """The seconds that a source asks us to wait: given as a number or as a date (RFC 9110)."""
    told = response.headers.get("Retry-After", "").strip()
    if told.isdigit():
        return float(told)
    moment = _instant(told)
    if moment is None:
        return None
    now = _instant(response.headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def _instant(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
