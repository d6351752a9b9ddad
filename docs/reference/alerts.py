"""The alerts, from the rules that Prometheus reads."""

from pathlib import Path
from typing import Any

import yaml

from docs.reference.markdown import code, page, prose, table

SOURCE = "deploy/prometheus/rules.yml"
ABOUT = """\
What `deploy/prometheus/rules.yml` calls somebody for, and what to do first. Where Prometheus
sends it is yours to say. The metrics behind it: [Operating](../operating.md#watching-it)."""


def render() -> str:
    """The whole page."""
    told = yaml.safe_load((Path(__file__).parents[2] / SOURCE).read_text(encoding="utf-8"))
    rows = (_row(rule) for group in told["groups"] for rule in group["rules"] if "alert" in rule)
    return page("Alerts", SOURCE, ABOUT, table(("alert", "grade", "what is wrong", "do"), rows))


def _row(rule: dict[str, Any]) -> tuple[str, ...]:
    said = rule["annotations"]
    after = f", after {rule['for']}" if "for" in rule else ""
    return (
        code(rule["alert"]),
        rule["labels"]["severity"] + after,
        prose(_named(said["summary"])),
        prose(_named(said["todo"])),
    )


def _named(text: str) -> str:
    """The text with what Prometheus fills in named in capitals: `{{ $labels.sync }}` is SYNC."""
    words = text.replace("{{ $value ", "{{ $labels.value ").split("{{")
    return words[0] + "".join(
        part.partition("}}")[0].split("|")[0].strip().rpartition(".")[2].upper()
        + part.partition("}}")[2]
        for part in words[1:]
    )
