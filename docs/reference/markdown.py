"""Markdown tables and headings, with whatever would break them escaped."""

import re
from collections.abc import Iterable, Sequence

NOTE = "<!-- Made by `make reference` from {source}; change it there. -->"


def page(title: str, source: str, *parts: str) -> str:
    """A whole page: its title, where it comes from, and its parts, a blank line between."""
    return "\n\n".join([NOTE.format(source=source), f"# {title}", *parts]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown already, but for the bars and line breaks in them."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """A text as code, backticks in it included; nothing for no text."""
    if not text:
        return ""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def prose(text: str) -> str:
    """A plain text of the code, in which `this` is code and all else stands for itself."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if part.startswith("`") else _escaped(part) for part in parts)


def sentence(text: str) -> str:
    """The text beginning with a capital, where it begins with a word."""
    return text[:1].upper() + text[1:]


def _escaped(text: str) -> str:
    # Names such as by_account stay as they are: within a word an underscore means nothing.
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    marks = r"[\\*\[]|<(?=[\w/!?])|(?<![^\W_])_|_(?![^\W_])"
    return re.sub(marks, lambda found: "\\" + found[0], text)


def _cell(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text).replace("|", "\\|").strip()
