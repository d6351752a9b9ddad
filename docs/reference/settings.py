"""The list of settings, from `app/settings.py`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from app.settings import Settings, declared, variable
from docs.reference.markdown import code, page, prose, table

SOURCE = "app/settings.py"
ABOUT = """\
Every setting is an environment variable. Each may lie in a file instead, which the same variable
with `_FILE` behind its name names; where that is written beside the name, it is a secret, and a
file is the way for it. How settings are read and checked: [Settings](../settings.md)."""
# A setting belongs to the first group that has its name, or its beginning (what ends in _).
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Database and Redis", ("database_", "replica_", "redis_", "broker_", "postgresql_")),
    ("Who may enter", ("secret_", "base_url", "auth", "roles", "session_", "trusted_")),
    ("SAML", ("saml_",)),
    ("Cases", ("sla", "status_map", "team")),
    ("Customer portal", ("portal_",)),
    (
        "Writing back",
        (
            "read_only",
            "max_to_create",
            "case_url",
            "bug_tags",
            "bugzilla_whiteboard",
            "quiet_hours",
            "jira_board",
            "jira_component",
            "jira_card_",
        ),
    ),
    ("JIRA", ("jira_", "potential_")),
    ("Bugzilla", ("bugzilla_",)),
    ("All sources", ("source_", "max_")),
    ("Mail, Slack and reports", ("smtp_", "mail_", "slack_", "report_", "alert_")),
    ("Images", ("chromium", "image_")),
    ("What is kept", ("keep_",)),
    ("Metrics and logs", ("metrics_", "log_")),
)


OTHERS = "Others"


def render() -> str:
    """The whole page."""
    defaults = {name: told for name, told, _ in Settings().shown()}
    groups: dict[str, list[Any]] = {
        title: [] for title in [*(title for title, _ in GROUPS), OTHERS]
    }
    for item in declared():
        groups[_group(item.name)].append(item)
    parts = []
    for title, items in groups.items():
        if items:
            rows = [_row(item, defaults[variable(item.name)]) for item in items]
            parts += [f"## {title}", table(("setting", "meaning", "takes", "default"), rows)]
            parts += [block for item in items for block in _long_default(item)]
    return page("Settings, one by one", SOURCE, ABOUT, *parts)


def _group(name: str) -> str:
    for title, names in GROUPS:
        if name in names or name.startswith(tuple(one for one in names if one.endswith("_"))):
            return title
    return OTHERS


def _row(item: Any, default: str) -> tuple[str, str, str, str]:
    name = code(variable(item.name))
    if item.metadata["secret"]:
        name += f" or {code(variable(item.name) + '_FILE')}"
    takes = prose(_takes(item.metadata["parse"]))
    return name, prose(item.metadata["help"]), takes, _default(item, default)


def _default(item: Any, told: str) -> str:
    value = item.default_factory()
    if value is None or not told or value == {}:
        return ""
    if _is_long(item):
        return "below"
    if isinstance(value, bool):
        told = told.lower()
    return code(f"{value:g}" if isinstance(value, float) else told)


def _takes(parse: Any) -> str:
    """What a parser takes: the first line of its docstring, which says so."""
    if parse is str:
        return "a text"
    told = str(parse.__doc__).strip().splitlines()[0].rstrip(".")
    return told[:1].lower() + told[1:] if re.match(r"[A-Z][a-z]* ", told) else told


def _is_long(item: Any) -> bool:
    return isinstance(item.default_factory(), Mapping) and bool(item.default_factory())


def _long_default(item: Any) -> list[str]:
    """The default of a setting that is a JSON object, as it would be written."""
    if not _is_long(item):
        return []
    text = json.dumps(dict(item.default_factory()), indent=2, ensure_ascii=False)
    return [f"Default of {code(variable(item.name))}:", f"```json\n{text}\n```"]
