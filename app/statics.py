"""Scripts and styles: compressed once, and kept by browsers for ever, for their address names them.

Dash tells a file's age in its address; here the address tells its content (a hash), so that it is
the same on every machine that serves this release, and another one as soon as the file changes.
A file asked for by any other address comes too, but is asked about again each time.

In place of the largest scripts a lighter build of our own comes (`app.bundles`), and what no page
of ours needs is not asked for at all.
"""

import gzip
import hashlib
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import brotli
from dash.fingerprint import check_fingerprint
from flask import Flask, Response, request

from app import bundles

ASSETS = Path(__file__).parent.parent / "assets"
ASSET, SUITE = "/assets/", "/_dash-component-suites/"
# Dash's own form of a file's name: the version of its package, and a mark, in hexadecimal digits.
MARKED = re.compile(r"\.(v[\w-]*?)m([0-9a-f]+)\.")
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
TEXTS = ("text/css", "text/javascript", "application/javascript", "image/svg+xml")
WORTH_IT = 600
# Dash's own table, which it puts into each page, and none of ours has.
NEEDLESS = "dash/dash_table/"
# How hard, from what a second of work still wins; a file is compressed once in each process.
BROTLI_QUALITY, GZIP_LEVEL = 9, 9


def register(server: Flask) -> None:
    """Send static files compressed, and tell browsers how long to keep them."""
    server.after_request(_sent)


def put_bundles(server: Flask) -> None:
    """Send our own builds in place of packages' files; called when Dash has its routes."""
    [route] = (one for one in server.view_functions if one.startswith(SUITE))
    theirs = server.view_functions[route]

    def suite_file(package_name: str, fingerprinted_path: str) -> Any:
        path, _ = check_fingerprint(fingerprinted_path)
        bundle = bundles.standing_in_for(f"{package_name}/{path}")
        if bundle is None:
            return theirs(package_name, fingerprinted_path)
        response = Response(bundle.plain, mimetype="text/javascript")
        response.add_etag()
        return response

    server.view_functions[route] = suite_file
    for bundle in bundles.made():
        _packed[_key(bundle.plain, "br")] = bundle.packed


def needed(resources: Iterable[Any]) -> list[Any]:
    """The scripts and styles that Dash tells, without those that no page of ours needs."""
    return [one for one in resources if not str(one).startswith(SUITE + NEEDLESS)]


def addressed(resource: Any) -> Any:
    """What Dash puts into its page about a file, with an address that names the file's content.

    Dash tells an address, or attributes with an address among them.
    """
    if isinstance(resource, dict):
        return {name: addressed(value) if name in {"src", "href"} else value
                for name, value in resource.items()}  # fmt: skip
    path, _, query = str(resource).partition("?")
    if path.startswith(ASSET) and query.startswith("m="):
        return f"{path}?m={asset_mark(path.removeprefix(ASSET))}"
    if path.startswith(SUITE):
        package, _, inside = path.removeprefix(SUITE).partition("/")
        mark = suite_mark(package, inside.rpartition("/")[0])
        return MARKED.sub(lambda found: f".{found[1]}m{mark}.", path, count=1)
    return resource


@lru_cache(maxsize=256)
def asset_mark(name: str) -> str:
    """The hash of one of our own files."""
    return hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:16]


@lru_cache(maxsize=256)
def suite_mark(package: str, folder: str) -> str:
    """The hash of the scripts in a folder of a package: they ask for each other by one mark."""
    found = sys.modules[package].__file__
    scripts = sorted((Path(str(found)).parent / folder).glob("*.js"))
    hashed = hashlib.sha256()
    for script in scripts:
        bundle = bundles.standing_in_for(PurePosixPath(package, folder, script.name).as_posix())
        hashed.update(script.name.encode())
        hashed.update(bundle.plain if bundle else script.read_bytes())
    return hashed.hexdigest()[:16]


def _sent(response: Response) -> Response:
    path = request.path
    if not path.startswith((ASSET, SUITE)) or response.status_code != 200:
        return response
    response.headers["Cache-Control"] = FOR_EVER if _named_by_content(path) else ASK_AGAIN
    if request.method == "GET" and response.mimetype in TEXTS and "Range" not in request.headers:
        compress(response)
        # Parts that scripts ask for later come by an address without a mark: who has them is told.
        response.make_conditional(request)
    return response


def _named_by_content(path: str) -> bool:
    """Whether the address is that of the file as it is now."""
    if path.startswith(ASSET):
        told = request.args.get("m", "")
        return bool(told) and told == asset_mark(path.removeprefix(ASSET))
    marked = MARKED.search(path)
    package, _, inside = path.removeprefix(SUITE).partition("/")
    return marked is not None and marked[2] == suite_mark(package, inside.rpartition("/")[0])


def compress(response: Response) -> None:
    """Compress a file's answer in the way that whoever asked takes best."""
    response.vary.add("Accept-Encoding")
    taken = request.accept_encodings
    encoding = next((name for name in ("br", "gzip") if taken[name] > 0), None)
    if encoding is None:
        return
    response.direct_passthrough = False
    plain = response.get_data()
    if len(plain) < WORTH_IT:
        return
    response.set_data(packed(plain, encoding))
    response.headers["Content-Encoding"] = encoding
    # What tells whether a file has changed is told of the plain one; a weak tag says so.
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)


_packed: dict[tuple[bytes, str], bytes] = {}


def packed(plain: bytes, encoding: str) -> bytes:
    """A file's content in an encoding (br or gzip); made once in a process, for each content."""
    key = _key(plain, encoding)
    if key not in _packed:
        _packed[key] = (
            bytes(brotli.compress(plain, quality=BROTLI_QUALITY))
            if encoding == "br"
            else gzip.compress(plain, GZIP_LEVEL, mtime=0)
        )
    return _packed[key]


def _key(plain: bytes, encoding: str) -> tuple[bytes, str]:
    return hashlib.sha256(plain).digest(), encoding
