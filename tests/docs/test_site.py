"""The site of the documents: it builds without a warning, and everything in it leads somewhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.built import faults

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"


def built(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build a site as `make docs` does."""
    words = re.search(r"-m (sphinx .*) build/docs$", (ROOT / "Makefile").read_text(), re.MULTILINE)[
        1
    ]
    options = words.replace("build/doctrees", f"{site}-trees").split()
    assert options.pop() == "docs"
    return subprocess.run(
        [sys.executable, "-m", *options, source, site], capture_output=True, text=True, check=False,
        cwd=ROOT,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = built(DOCS, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_link_leads_somewhere_and_nothing_comes_from_elsewhere(site):
    assert not list(faults(site))


def test_every_page_is_in_the_site_and_reached_from_its_first_one(site):
    first = (site / "index.html").read_text()
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix(".html").as_posix()
        assert (site / name).exists()
        assert name == "index.html" or f'href="{name}' in first or "decisions/" in name, name


def test_tables_of_the_reference_have_all_their_cells(site):
    for page in (site / "reference").glob("*.html"):
        for table in re.findall(r"<table.*?</table>", page.read_text(), re.DOTALL):
            widths = {len(re.findall(r"<t[hd]\b", row)) for row in table.split("<tr")[1:]}
            assert len(widths) == 1, f"{page.name}: rows of {widths} cells"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("[There](nowhere.md)", "nowhere.md"),
        ("[There](index.md#no-such-title)", "no-such-title"),
        ("![A picture](images/none.png)", "none.png"),
        ("A page that no other names", "toctree"),
    ],
)
def test_what_leads_nowhere_ends_the_build(tmp_path, words, complaint):
    source = tmp_path / "docs"
    shutil.copytree(DOCS / "site", source / "site")
    shutil.copy(DOCS / "conf.py", source)
    # Its version is read from the file above it.
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (source / "index.md").write_text("# One page\n\nWords.\n")
    assert built(source, tmp_path / "well").returncode == 0
    if complaint == "toctree":
        (source / "other.md").write_text(f"# Another\n\n{words}\n")
    else:
        (source / "index.md").write_text(f"# One page\n\n{words}\n")
    done = built(source, tmp_path / "ill")
    assert done.returncode != 0
    assert complaint in done.stderr


def test_the_eye_on_the_site_sees_what_is_wrong(tmp_path):
    page = (
        '<link href="https://fonts.example.com/a.css"><script src="//cdn.example.com/a.js"></script>'
        '<img src="gone.png"><a href="other.html#no"></a><a href="#no"></a><a href="#here" id="here">'
        '</a><p style="background: url(https://img.example.com/b.png)"></p><a href="https://x.example">'
        '</a><img src="data:,"><img srcset="https://img.example.com/c.png 2x">'
    )
    (tmp_path / "index.html").write_text(page)
    (tmp_path / "other.html").write_text("<p id='yes'></p>")
    (tmp_path / "a.css").write_text('@import "https://css.example.com/x.css"; p {src: url(a.woff)}')
    found = sorted(faults(tmp_path))
    named = [
        "a.css loads",
        "a.css: a.woff",
        *["index.html loads"] * 4,
        "#no has no",
        "gone.png",
        "other.html#no",
    ]
    assert len(found) == len(named), found
    assert all(any(one in fault for fault in found) for one in named), found
