"""`caseboard doctor`: each connection and the login, and what to mend."""

from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from app import database
from app.health import redis_state
from app.images.ask import renderer_state
from app.settings import get_settings


def examine(out: Console) -> bool:
    """Tell how everything is; whether nothing must be mended."""
    try:
        found, wanted = database.current_revision(), database.head_revision()
    except SQLAlchemyError as error:
        out.print(f"database: does not answer; check CASEBOARD_DATABASE_URL\n  {error}")
        return False
    out.print("database: ok")
    out.print(f"tables: {'ok' if found == wanted else f'at {found}, run `caseboard db upgrade`'}")
    out.print(f"redis: {redis_state()}")
    for told in renderer_state():
        out.print(f"images: {told}", markup=False)
    return _login_is_well(out) and found == wanted


def _login_is_well(out: Console) -> bool:
    if get_settings().auth != "saml":
        return True
    from app.auth.saml_settings import checked

    found = checked()
    for level, told in found:
        out.print(f"saml: {told}" if level == "ok" else f"saml: {level}: {told}", markup=False)
    return all(level != "wrong" for level, _ in found)
