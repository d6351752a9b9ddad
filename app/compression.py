"""Answers compressed for readers that take it: JSON, CSV, HTML and other texts, streams included.

Browsers take brotli over https, and from their own machine, which makes figures and rows a third
smaller than gzip does in the same time. Over plain http, and for streams, it is gzip.

A stream stays one: what is there first is sent at once, and what follows as it comes. Answers that
hold a secret beside something that the asker chose are left alone, for the length of a compressed
answer would tell of it (BREACH); `leave_alone` says so, and whatever is posted to the API is.
Static files are compressed once, by `app.statics`.
"""

import zlib
from collections.abc import Iterable, Iterator

import brotli
from flask import Flask, Response, g, request

TEXTS = frozenset(
    {
        "application/json",
        "application/problem+json",
        "text/csv",
        "text/html",
        "text/markdown",
        "text/plain",
    }
)
STATIC = ("/assets/", "/_dash-component-suites/")
# The way in carries what signs people in.
SECRET = ("/saml/", "/login", "/logout")
CALLBACKS = "/_dash-update-component"
WORTH_IT = 600
GZIP = 16 + zlib.MAX_WBITS
# Of a long file, speed counts more than the last per cent.
BROTLI_QUALITY, LEVEL, STREAM_LEVEL = 5, 6, 1


def register(server: Flask) -> None:
    """Compress what is worth it, after all else that is done with an answer."""
    server.after_request(_compress)


def leave_alone() -> None:
    """Let the answer to this request go out as it is: it holds a secret."""
    g.holds_secret = True


def _compress(response: Response) -> Response:
    if not _may(response):
        return response
    response.vary.add("Accept-Encoding")
    if response.is_streamed:
        if not _takes("gzip"):
            return response
        encoding = "gzip"
        response.response = _squeezed(response.response)  # type: ignore[arg-type]
        response.headers.pop("Content-Length", None)
    else:
        encoding = next((one for one in ("br", "gzip") if _takes(one)), "")
        body = response.get_data()
        if not encoding or len(body) < WORTH_IT:
            return response
        response.set_data(_small(body, encoding))
    response.headers["Content-Encoding"] = encoding
    return response


def _may(response: Response) -> bool:
    if g.get("holds_secret") or request.path.startswith((*STATIC, *SECRET)):
        return False
    if request.method not in {"GET", "HEAD"} and request.path != CALLBACKS:
        return False
    bare = response.status_code in {204, 304} or response.direct_passthrough
    return not bare and response.mimetype in TEXTS and "Content-Encoding" not in response.headers


def _takes(encoding: str) -> bool:
    taken = request.accept_encodings
    return taken.quality(encoding) > 0 and taken.quality(encoding) >= taken.quality("identity")


def _small(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(body, quality=BROTLI_QUALITY))
    squeezer = zlib.compressobj(LEVEL, wbits=GZIP)
    return squeezer.compress(body) + squeezer.flush()


def _squeezed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks compressed; the first one goes out whole, so that a reader sees what comes."""
    squeezer = zlib.compressobj(STREAM_LEVEL, wbits=GZIP)
    first = True
    try:
        for chunk in chunks:
            told = squeezer.compress(chunk)
            if first:
                told += squeezer.flush(zlib.Z_SYNC_FLUSH)
                first = False
            if told:
                yield told
        yield squeezer.flush()
    finally:
        # A reader that leaves ends the source too.
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
