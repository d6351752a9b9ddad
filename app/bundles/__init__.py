"""Scripts of others in a build of our own, with only what the board draws with: a third of theirs.

Each stands in for a file of an installed package, as long as that is the very file that it was made
beside; after an upgrade the package's own comes, which is larger and does the same, until
`make bundles` has made another. What is in them, `recipe/` tells.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

import brotli

HERE = Path(__file__).parent
PLOTLY = "plotly/package_data/plotly.min.js"


@dataclass(frozen=True)
class Bundle:
    """A script of ours.

    `of` says of which release it is a part, `stands_in_for` is the file that it replaces (a
    package, and the path in it), and `sha256` what that file must be.
    """

    file: str
    of: str
    stands_in_for: str
    sha256: str

    @cached_property
    def packed(self) -> bytes:
        """The script compressed with brotli, as hard as it can."""
        return (HERE / self.file).read_bytes()

    @cached_property
    def plain(self) -> bytes:
        """The script."""
        return bytes(brotli.decompress(self.packed))

    def fits(self) -> bool:
        """Whether the installed package is the release that this was made beside."""
        theirs = package_file(self.stands_in_for)
        return theirs is not None and hashlib.sha256(theirs.read_bytes()).hexdigest() == self.sha256


@cache
def made() -> tuple[Bundle, ...]:
    """All of them, whether they fit or not."""
    return tuple(Bundle(**told) for told in json.loads((HERE / "made.json").read_bytes()))


@cache
def _fitting() -> dict[str, Bundle]:
    return {bundle.stands_in_for: bundle for bundle in made() if bundle.fits()}


def standing_in_for(path: str) -> Bundle | None:
    """What is sent in place of a package's file, None for the file itself."""
    return _fitting().get(path)


@cache
def plotly() -> bytes:
    """The script that draws charts: on pages, in embeds and on images the same.

    Raises FileNotFoundError where the package plotly is not installed.
    """
    bundle = standing_in_for(PLOTLY)
    if bundle is not None:
        return bundle.plain
    theirs = package_file(PLOTLY)
    if theirs is None:
        raise FileNotFoundError("the package plotly is not installed")
    return theirs.read_bytes()


def package_file(path: str) -> Path | None:
    """Where a file of an installed package is, None where there is no such package."""
    package, _, inside = path.partition("/")
    found = find_spec(package)
    return Path(found.origin).parent / inside if found and found.origin else None
