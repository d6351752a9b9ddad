"""The reference says what the code says, and its tables can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.settings import declared, variable
from docs.reference.__main__ import FOLDER, PAGES
from docs.reference.markdown import code, prose, table
from docs.reference.settings import GROUPS, OTHERS, render


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_as_the_code_has_it(name):
    told = (FOLDER / f"{name}.md").read_text()
    assert told == PAGES[name](), f"docs/reference/{name}.md is not as the code: make reference"


def test_every_page_is_made():
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PAGES)


def test_settings_are_grouped_and_secrets_name_their_file():
    text = render()
    order = [title for title, _ in GROUPS] + [OTHERS]
    found = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert found == [title for title in order if title in found]
    for item in declared():
        name = variable(item.name)
        assert f"\n| `{name}`" in text
        assert (f"`{name}_FILE`" in text) == item.metadata["secret"]
        assert "None" not in text


def rendered(markdown: str) -> str:
    return MarkdownIt("commonmark").enable("table").render(markdown)


def cells(html: str) -> list[str]:
    from lxml import html as reader

    return ["".join(cell.itertext()) for cell in reader.fromstring(html).iter("td")]


LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"))
    | st.sampled_from(" |`*_<>&[]\\!#~-"),
    min_size=1,
).filter(lambda text: text == " ".join(text.split(" ")).strip() and "  " not in text)


@given(LINES)
def test_a_text_stands_in_a_table_as_it_is(text):
    if "`" not in text:
        html = rendered(table(("a", "b"), [("x", prose(text))]))
        assert cells(html) == ["x", text]
    # Of a backslash before a bar in code no table can tell which of the two it is for.
    if "\\|" not in text:
        html = rendered(table(("a", "b"), [("x", code(text))]))
        assert cells(html) == ["x", text]
