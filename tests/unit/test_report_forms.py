"""The report in its forms: complete, equal in their numbers, and inert whatever sources say."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.report.mail import fragment, html_mail
from app.report.markdown import inert, markdown
from app.report.period import days_before
from app.report.plain import plain
from app.report.value import BUG_SECTIONS, CASE_SECTIONS, BugLine, Line, Report, Said, Standing
from app.report.words import one_line, period_words, rows_of, tables
from app.view import View

BASE = "https://board.example.com"
START, END = datetime(2026, 3, 23, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
HOSTILE = {
    "script": "<script>window.ran=1</script><img src=x onerror=window.ran=2>",
    "link": "[click](javascript:alert(1)) ![x](http://evil.example/p.png) <http://evil.example>",
    "bare": "https://evil.example www.evil.example me@evil.example @team #1",
    "markup": "# title\n- item\n> quote\n| a | b |\n`code` **bold** ~~gone~~ \\ $x$",
    "fence": "```\n</table></td></body>\n```",
    "rtl": "انقطاع \u202eexe.fdp\u202c الشبكة",
    "emoji": "🚒 👩\u200d🚒 urgent — 1 < 2 & 3 > 2",
    "quotes": '" onmouseover="window.ran=3" \' style=\'x',
    "long": "x" * 100_000,
    "controls": "a\x00b\x07c\x1b[31md\u2028e",
}


def made(text: str = "a text", number: str = "01234567") -> Report:
    """A report in which every text of a source is the given one."""
    case = Standing(number, text, text, 1, text, text, is_open=True)
    at = START + timedelta(hours=9)
    changes = {"severity": ("3", "1"), "hands": (text, None), "escalated": ("no", "yes")}
    fields = {"severity": "severity", "hands": "engineer", "escalated": "escalated"}
    cases = {
        name: (Line(case, at, fields.get(name, ""), *changes.get(name, (None, None)), text),)
        for name in CASE_SECTIONS
    }
    bugs = {
        name: (BugLine("jira", text, text, "target", at, "---", text, text, (text,) * 7),)
        for name in BUG_SECTIONS
    }
    said = (Said(case, at, text, "jira", text[:600], len(text), 3),)
    view = View(state="all", account=(text.replace("\x00", "")[:200].strip(),), tz="Europe/Berlin")
    return Report(view.to_query(), START, END, None, 7, 8, cases, bugs, said)


class Tags(HTMLParser):
    """Every tag and attribute of a document, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.attributes, self.open, self.texts = set(), [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(document: str) -> Tags:
    found = Tags()
    found.feed(document)
    assert not found.open
    return found


ALLOWED = {"html", "head", "meta", "title", "body", "h1", "h2", "h3", "p", "a", "b", "br", "span",
           "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mail_holds_texts_as_texts(name):
    document = html_mail(made(HOSTILE[name]), BASE, f"{BASE}/weekly?from=x&to=y")
    found = read(document)
    assert found.tags <= ALLOWED
    for attribute, value in found.attributes:
        assert attribute in {"href", "style", "dir", "scope", "lang", "charset", "name", "content"}
        assert attribute != "href" or value.startswith(f"{BASE}/")
    told = "".join(found.texts)
    assert one_line(HOSTILE[name])[:60] in told
    assert "<style" not in document
    assert "class=" not in document
    assert "\u202e" not in document
    assert len(document) < 3_000_000


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_holds_texts_as_texts(name):
    told = markdown(made(HOSTILE[name]), BASE)
    addresses = re.findall(r"(?<!\\)\]\(([^)]*)\)", told)
    assert addresses
    assert all(address.startswith(f"{BASE}/cases") for address in addresses)
    bare = re.sub(r"\]\([^)]*\)", "", told)
    assert not re.search(r"(?<!\\)<", bare)
    assert not re.search(r"(?<!\\)://|(?<!\\)@|\bwww\.", bare)
    for table in re.findall(r"(?m)^\|.*$", told):
        cells = len(re.findall(r"(?<!\\)\|", table))
        assert cells in {
            len(re.findall(r"(?<!\\)\|", line)) for line in told.split("\n") if "---" in line
        }
    # Nothing of a source begins a line: only what we wrote does.
    for line in told.split("\n"):
        assert re.match(r"($|# Weekly|\*\*|## |### |\| |\|( --- \|)+$|- \[|  — |[0-9])", line), (
            line[:80]
        )


@given(st.text(max_size=200))
def test_escaped_texts_say_what_they_said(text):
    told = inert(one_line(text))
    assert re.sub(r"\\([\\`*_{}\[\]<>#|~&@!$:.])", r"\1", told) == one_line(text)
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x1f]", told)


@pytest.mark.parametrize("name", HOSTILE)
def test_plain_text_is_one_line_for_each_line(name):
    told = plain(made(HOSTILE[name]), f"{BASE}/weekly")
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", told)
    assert "\u2028" not in told
    assert all(len(line) < 100_000 * 4 for line in told.split("\n"))


def test_every_form_has_every_count_and_case():
    report = made()
    forms = (
        html_mail(report, BASE, BASE),
        fragment(report, BASE, BASE),
        markdown(report, BASE),
        plain(report, BASE),
    )
    for told in forms:
        for table in tables(report):
            assert table.title in told
        assert told.count("01234567") >= len(CASE_SECTIONS) + 1
        for word in (
            "Urgent",
            "Normal → Urgent",
            "Engineer: a text → nobody",
            "no → yes",
            "and 2 more",
        ):
            assert word in told.replace("\\", ""), word
    assert "8 open at the end of the period, 1 more than at its start" in forms[3]
    assert f"{BASE}/cases/01234567" in forms[2]


def test_a_long_report_says_what_it_leaves_out():
    report = made()
    lines = report.cases["opened"] * 250
    long = Report(
        **{
            **{name: getattr(report, name) for name in Report.__slots__},
            "cases": {**report.cases, "opened": lines},
        }
    )
    for told in (html_mail(long, BASE, BASE, 100), plain(long, BASE, 100)):
        assert "250" in told
        assert "and 150 more" in told
    assert markdown(long, BASE).count("01234567") > 2 * 250


def test_the_same_report_is_written_the_same():
    assert html_mail(made(), BASE, BASE) == html_mail(made(), BASE, BASE)
    assert Report.from_json(made(HOSTILE["markup"]).to_json()) == made(HOSTILE["markup"])


def test_a_week_of_daylight_saving_is_seven_local_days():
    zone = "Europe/Berlin"
    for moment, hours in (
        (datetime(2026, 3, 30, 6, tzinfo=UTC), 167),
        (datetime(2026, 10, 26, 6, tzinfo=UTC), 169),
    ):
        start, end = days_before(moment, zone)
        assert (end - start) / timedelta(hours=1) == hours
        assert all(m.astimezone(ZoneInfo(zone)).hour == 0 for m in (start, end))
    start, end = days_before(datetime(2026, 3, 30, 6, tzinfo=UTC), zone)
    assert period_words(start, end, zone) == "23 to 29 March 2026"
    assert period_words(start, end, "UTC") == "22 March 2026 23:00 UTC to 29 March 2026 22:00 UTC"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-11-16", "2026-11-23", "16 to 22 November 2026"),
        ("2026-11-16", "2026-11-17", "16 November 2026"),
        ("2026-11-30", "2026-12-07", "30 November to 6 December 2026"),
        ("2026-12-28", "2027-01-04", "28 December 2026 to 3 January 2027"),
    ],
)
def test_periods_are_said_as_people_say_them(start, end, words):
    first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (start, end))
    assert period_words(first, last, "UTC") == words


def test_a_filter_of_its_own_narrows_the_rows_of_a_count():
    view = View(state="all", created_from=START + timedelta(days=2), tz="UTC")
    report = Report(view.to_query(), START, END, None, 0, 0, {}, {}, ())
    assert rows_of(report, "opened").created_from == START + timedelta(days=2)
    assert rows_of(report, "opened").created_to == END
    assert rows_of(report, "closed").closed_from == START
    assert rows_of(report, "severity") is None
