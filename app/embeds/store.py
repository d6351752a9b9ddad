"""The rows of embeds: making one, whether it still holds, revoking it. Times are the database's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from app.auth import audit
from app.auth.person import Person
from app.auth.sessions import SEEN_SECONDS
from app.database import fetch, snapshot, transaction
from app.embeds.claims import TABLE, Claims, NoKey, sign
from app.one_line import hides
from app.panels import PANELS
from app.place import read_address
from app.settings import get_settings, variable
from app.version import data_version

LONGEST_TITLE = 120
MOST_OF_ONE = 500
MOST_LISTED = 500
DAY = 86_400
DEFAULT_SECONDS, MOST_SECONDS = 30 * DAY, 365 * DAY
# With what stands around it, an address must stay one that servers take.
LONGEST_TOKEN = 7_800
SMALLEST, LARGEST = 200, 2_000
USUAL_SIZE = (960, 480)

ADD = text("""
insert into embeds (what, title, query, fixed, theme, width, height, ancestors, user_id, expires_at)
values (:what, :title, :query, :fixed, :theme, :width, :height, :ancestors, :user,
    date_trunc('second', clock_timestamp()) + make_interval(secs => :seconds + 1))
returning id, expires_at
""")
LIVE_OF = text("""
select count(*) from embeds
where user_id = :user and revoked_at is null and expires_at > clock_timestamp()
""")
FIND = """
select e.revoked_at is not null, e.expires_at <= clock_timestamp(),
    u.disabled_at is not null or u.lost_at is not null,
    e.used_at is null or e.used_at < clock_timestamp() - make_interval(secs => %(lag)s)
from embeds e join users u on u.id = e.user_id where e.id = %(id)s
"""
USED = text("update embeds set used_at = clock_timestamp() where id = :id")
REVOKE = text("""
update embeds set revoked_at = clock_timestamp(), revoked_by = :user
where id = :id and revoked_at is null and (cast(:owner as bigint) is null or user_id = :owner)
returning what
""")
LISTED = text("""
select e.id, e.what, e.title, e.query, e.fixed, e.theme, e.ancestors, e.made_at, e.expires_at,
    e.used_at, e.revoked_at, e.expires_at <= clock_timestamp() as expired, u.name as owner,
    u.disabled_at is not null or u.lost_at is not null as ended
from embeds e join users u on u.id = e.user_id
where cast(:owner as bigint) is null or e.user_id = :owner
order by e.revoked_at is not null, e.expires_at <= clock_timestamp(), e.id desc limit :limit
""")


class NotMade(ValueError):
    """An embed that cannot be made so; the message says why."""


class Conflict(NotMade):
    """An embed that cannot be made so now, or that contradicts itself, though each part is well."""


class Refused(Exception):
    """An embed that may not be shown; `code` says why, as the audit log has it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to embed: a panel by its name, or the case table (`what` is `cases`).

    `query` is the query string of a page: a View, and a period where the panel looks at one.
    `as_of`: `live` follows the data, `fixed` stays as of the View's instant or of now; None means
    fixed where the View names an instant. `ancestors` are origins as `ancestors.origins` gives
    them.
    """

    what: str
    query: str
    seconds: int = DEFAULT_SECONDS
    ancestors: Sequence[str] = ()
    as_of: str | None = None
    theme: str = "auto"
    title: str | None = None
    size: tuple[int, int] = USUAL_SIZE


def make(owner: Person, wanted: Wanted) -> dict[str, Any]:
    """Make an embed of a person: `id`, `url`, and what it is.

    Raises NotMade for what cannot be, ParameterError for a query that is none.
    """
    _check(wanted)
    query, fixed = _locked(wanted)
    told = {"what": wanted.what, "title": wanted.title, "query": query, "fixed": fixed,
            "theme": wanted.theme, "width": wanted.size[0], "height": wanted.size[1],
            "ancestors": list(wanted.ancestors), "user": owner.user,
            "seconds": wanted.seconds}  # fmt: skip
    with transaction() as connection:
        if connection.execute(LIVE_OF, told).scalar_one() >= MOST_OF_ONE:
            raise Conflict(f"There are {MOST_OF_ONE} embeds already; revoke one that is not used.")
        row = connection.execute(ADD, told).one()
        token = _signed(Claims(row.id, wanted.what, wanted.title, query, fixed, wanted.theme,
                               wanted.size, tuple(wanted.ancestors), row.expires_at))  # fmt: skip
        detail = {"what": wanted.what, "query": query, "ancestors": list(wanted.ancestors),
                  "until": f"{row.expires_at:%Y-%m-%d %H:%M} UTC"}  # fmt: skip
        audit.record("embed_make", outcome="done", actor=owner, target=f"embed {row.id}",
                     detail=detail, connection=connection)  # fmt: skip
    address = f"{get_settings().base_url.rstrip('/')}/embed/{token}"
    kind = "table" if wanted.what == TABLE else "chart"
    chart = None if wanted.what == TABLE else wanted.what
    return {"id": row.id, "url": address, "kind": kind, "chart": chart, "view": query,
            "as_of": "fixed" if fixed else "live", "theme": wanted.theme,
            "title": wanted.title, "width": wanted.size[0], "height": wanted.size[1],
            "ancestors": list(wanted.ancestors), "expires_at": row.expires_at}  # fmt: skip


def refuse_ended(claims: Claims) -> None:
    """Refused when an embed was revoked, has run out, or its maker may enter no more.

    Notes that it was looked at.
    """
    rows = fetch(FIND, {"id": claims.id, "lag": SEEN_SECONDS})
    if not rows:
        raise Refused("unknown")
    revoked, expired, ended, stale = rows[0]
    if revoked:
        raise Refused("revoked")
    if expired or claims.expires_at <= datetime.now(UTC):
        raise Refused("expired")
    if ended:
        raise Refused("maker")
    if stale:
        with transaction() as connection:
            connection.execute(USED, {"id": claims.id})


def revoke(number: int, by: Person) -> bool:
    """Revoke an embed of one's own, as an admin anybody's; False when there is none to revoke."""
    owner = None if by.is_admin else by.user
    with transaction() as connection:
        told = {"id": number, "owner": owner, "user": by.user}
        what = connection.execute(REVOKE, told).scalar()
        if what is not None:
            audit.record("embed_revoke", outcome="done", actor=by, target=f"embed {number}",
                         detail={"what": what}, connection=connection)  # fmt: skip
    return what is not None


def embeds_of(owner: int | None) -> list[dict[str, Any]]:
    """The embeds of a person by their row, of all for None: the live ones first, then newest."""
    with snapshot() as connection:
        found = connection.execute(LISTED, {"owner": owner, "limit": MOST_LISTED}).mappings()
        return [dict(row) for row in found]


def _check(wanted: Wanted) -> None:
    if wanted.what != TABLE and wanted.what not in PANELS:
        raise NotMade(
            f"There is no chart {wanted.what[:60]!r}; charts are {', '.join(PANELS)}. For the "
            "case table give kind table instead."
        )
    if not 1 <= wanted.seconds <= MOST_SECONDS:
        raise NotMade("An embed lives from a second to 365 days.")
    title = wanted.title
    if title is not None and (hides(title) or not title.strip() or len(title) > LONGEST_TITLE):
        raise NotMade(f"A title has 1 to {LONGEST_TITLE} characters that can be seen.")
    if not all(SMALLEST <= part <= LARGEST for part in wanted.size):
        raise NotMade(f"Width and height are from {SMALLEST} to {LARGEST} pixels.")


def _locked(wanted: Wanted) -> tuple[str, bool]:
    """The query string that the embed stays with, and whether it stays as of an instant."""
    panel = PANELS.get(wanted.what)
    view, period = read_address(wanted.query, period=panel is not None and panel.period)
    if wanted.as_of == "live" and view.as_of is not None:
        raise Conflict("as_of is live, but the view names an instant; leave one of them.")
    fixed = wanted.as_of == "fixed" or view.as_of is not None
    if fixed and view.as_of is None:
        view = view.but(as_of=view.instant(datetime.now(UTC), data_version().changed_at))
    if panel is not None:
        view = view.only_filters()
    return "&".join(part for part in (view.to_query(), period.to_query()) if part), fixed


def _signed(claims: Claims) -> str:
    try:
        token = sign(claims)
    except NoKey:
        raise NotMade(f"{variable('secret_key')} is not set, so nothing can be signed.") from None
    if len(token) > LONGEST_TOKEN:
        raise Conflict("The view says more than an address can hold; use fewer filters.")
    return token
