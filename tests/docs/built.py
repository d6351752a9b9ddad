"""What a built site links and loads, read off its pages as a browser would."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# (element, attribute) of what a browser fetches by itself, and of what a reader follows.
LOADED = {
    ("script", "src"), ("link", "href"), ("img", "src"), ("source", "src"), ("iframe", "src"),
    ("video", "src"), ("audio", "src"), ("object", "data"), ("embed", "src"), ("use", "href"),
}  # fmt: skip
FOLLOWED = {("a", "href")}
IN_STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Page(HTMLParser):
    """One page: its anchors, what it loads, what it links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            told = value or ""
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(told)
            if (tag, name) in LOADED:
                self.loads.append(told)
            if (tag, name) in FOLLOWED:
                self.links.append(told)
            if name == "style":
                self.loads += styled(told)
            if name == "srcset":
                self.loads += [part.split()[0] for part in told.split(",") if part.strip()]


def styled(text: str) -> list[str]:
    """What a style sheet loads."""
    return [one or other for one, other in IN_STYLES.findall(text)]


def elsewhere(address: str) -> bool:
    """Whether a browser would ask another host for it."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in {"", "data"}


def faults(site: Path) -> Iterator[str]:
    """What is wrong with a site: links that lead nowhere, and what comes from other hosts."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    for path, page in pages.items():
        here = path.relative_to(site)
        yield from (f"{here} loads {one} of another host" for one in page.loads if elsewhere(one))
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{here}: {address} is not there"
            elif parts.fragment and unquote(parts.fragment) not in _anchors(pages, target):
                yield f"{here}: {address} has no such place"
    for path in site.rglob("*.css"):
        here = path.relative_to(site)
        for address in styled(path.read_text(encoding="utf-8")):
            if elsewhere(address):
                yield f"{here} loads {address} of another host"
            elif not address.startswith(("data:", "#")) and not _beside(path, address).is_file():
                yield f"{here}: {address} is not there"


def _anchors(pages: dict[Path, Page], target: Path) -> set[str]:
    return pages[target].anchors if target in pages else set()


def _beside(path: Path, address: str) -> Path:
    return path.parent / unquote(urlsplit(address).path)
