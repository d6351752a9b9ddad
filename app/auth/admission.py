"""What admins do about people: ending their sessions, shutting them out, letting them in again."""

from sqlalchemy import text

from app.auth import audit, sessions
from app.auth.person import Person
from app.auth.users import person_name
from app.database import transaction

SHUT = text("""
update users set disabled_at = clock_timestamp()
where id = :id and disabled_at is null and issuer <> 'local' returning name
""")
LET_IN = text("""
update users set disabled_at = null where id = :id and disabled_at is not null returning name
""")


def do(act: str, row: int, *, by: Person) -> str:
    """Do one of `end`, `end_all`, `disable`, `enable` to a row, and tell it in a sentence.

    `end` takes the row of a session, the others that of a person. Each is recorded.
    """
    match act:
        case "end":
            return _end(row, by)
        case "end_all":
            ended = sessions.end_all_of(row)
            _record("session_end", row, by, {"sessions": ended})
            return f"{ended} sessions were ended."
        case "disable":
            return _shut(row, by)
        case "enable":
            return _let_in(row, by)
    return "That cannot be done."


def _end(row: int, by: Person) -> str:
    user = sessions.end_row(row, reason="ended_by_admin")
    if user is None:
        return "That session had ended already."
    _record("session_end", user, by, {"sessions": 1})
    return "The session was ended."


def _shut(row: int, by: Person) -> str:
    if row == by.user:
        return "Nobody shuts out themselves; ask another admin."
    with transaction() as connection:
        name = connection.execute(SHUT, {"id": row}).scalar()
    if name is None:
        return "They are shut out already."
    sessions.end_all_of(row, reason="disabled")
    _record("user_disable", row, by)
    return f"{name} is shut out: sessions ended, tokens dead, no login."


def _let_in(row: int, by: Person) -> str:
    with transaction() as connection:
        name = connection.execute(LET_IN, {"id": row}).scalar()
    if name is None:
        return "They were not shut out."
    _record("user_enable", row, by)
    return f"{name} may enter again, with the role of their groups."


def _record(act: str, user: int, by: Person, detail: dict[str, int] | None = None) -> None:
    audit.record(act, outcome="done", actor=by, target=person_name(user), detail=detail)
