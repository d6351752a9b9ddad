"""What the address of an embed says, signed so that nothing of it can be changed.

A token is `<key id>.<claims>.<signature>`. It is the text that is signed and compared, not what it
stands for, so that no other spelling of the same bytes (padding, spare bits) is good as well. The
key is derived from the secret key for this purpose alone; its id says which of the keys in use, the
present and former ones, has signed.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from app.embeds.ancestors import frame_ancestors
from app.settings import get_settings

PURPOSE = b"caseboard embed v1"
KEY_ID_BYTES = 6
TABLE = "cases"
THEMES = ("auto", "light", "dark")


class BadToken(ValueError):
    """A token that nobody with a key of ours has signed; `code` says why in the audit log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NoKey(ValueError):
    """There is no secret key, so nothing can be signed."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What one embed shows, to whom and until when.

    `what` is the name of a panel, or `cases` for the case table. `query` is the query string of the
    View and, where the panel looks at one, of its period; with `fixed` it names the instant. `size`
    is of images, in pixels. `expires_at` is a UTC instant of whole seconds.
    """

    id: int
    what: str
    title: str | None
    query: str
    fixed: bool
    theme: str
    size: tuple[int, int]
    ancestors: tuple[str, ...]
    expires_at: datetime

    @property
    def frame_ancestors(self) -> str:
        """The value of the policy's `frame-ancestors`."""
        return frame_ancestors(self.ancestors)


def sign(claims: Claims) -> str:
    """The token of an embed, by the present key; NoKey where there is none."""
    key = next(iter(_keys().items()), None)
    if key is None:
        raise NoKey
    told = [
        claims.id,
        claims.what,
        claims.title,
        claims.query,
        claims.fixed,
        claims.theme,
        claims.size,
        claims.ancestors,
        int(claims.expires_at.timestamp()),
    ]
    body = f"{key[0]}.{_text(orjson.dumps(told))}"
    return f"{body}.{_signature(key[1], body)}"


def read(token: str) -> Claims:
    """The claims of a token that one of our keys has signed; BadToken for anything else."""
    body, _, signature = token.rpartition(".")
    key_id, _, told = body.partition(".")
    if not token.isascii() or not told:
        raise BadToken("form")
    key = _keys().get(key_id)
    if key is None:
        raise BadToken("key")
    if not hmac.compare_digest(signature, _signature(key, body)):
        raise BadToken("signature")
    number, what, title, query, fixed, theme, size, ancestors, until = orjson.loads(
        base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
    )
    return Claims(number, what, title, query, fixed, theme, (size[0], size[1]), tuple(ancestors),
                  datetime.fromtimestamp(until, UTC))  # fmt: skip


def _keys() -> Mapping[str, bytes]:
    """The keys by their ids, the one that signs first."""
    settings = get_settings()
    secrets = (settings.secret_key, *settings.secret_key_fallbacks)
    keys = (hmac.digest(one.encode(), PURPOSE, "sha256") for one in secrets if one)
    return {_text(hashlib.sha256(PURPOSE + key).digest()[:KEY_ID_BYTES]): key for key in keys}


def _signature(key: bytes, body: str) -> str:
    return _text(hmac.digest(key, body.encode(), "sha256"))


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
