"""The `caseboard` command, from its own description of itself."""

import argparse
from collections.abc import Iterator

from app.cli import _parser
from docs.reference.markdown import code, page, prose, sentence, table

SOURCE = "app/cli.py"
ABOUT = """\
From a checkout the command is `.venv/bin/caseboard`, in a container `python -m app.cli`. Exit
status: 0 done, 1 not done, or something is wrong, 2 misused. `--data-dir DIR`, which every
command takes, says where a PostgreSQL of its own keeps its data (`.caseboard`); it matters only
without `CASEBOARD_DATABASE_URL`."""


def render() -> str:
    """The whole page."""
    rows = []
    parts: list[str] = []
    for name, told, command in _commands(_parser()):
        rows.append((f"[{code(name)}](#{name.replace(' ', '-')})", prose(told)))
        parts += [f"## {name}", *_section(told, command)]
    return page("Commands", SOURCE, ABOUT, table(("command", "does"), rows), *parts)


def _commands(
    parser: argparse.ArgumentParser, before: str = ""
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """(name, what it does, its parser) of each command, then of those below it."""
    for action in parser._actions:  # noqa: SLF001 - argparse tells it nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            told = {one.dest: one.help or "" for one in action._choices_actions}  # noqa: SLF001
            for name, command in action.choices.items():
                yield f"{before}{name}", told[name], command
                yield from _commands(command, f"{before}{name} ")


def _section(told: str, command: argparse.ArgumentParser) -> Iterator[str]:
    yield f"{sentence(prose(told))}."
    rows = [
        (code(_written(action)), prose(_meaning(action)))
        for action in command._actions  # noqa: SLF001
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)  # noqa: SLF001
        and action.dest != "data_dir"
    ]
    if rows:
        yield table(("argument", "meaning"), rows)


def _written(action: argparse.Action) -> str:
    """How an argument is written: `--from ISO`, `NAME`, `upgrade|downgrade`."""
    value = action.metavar if isinstance(action.metavar, str) else ""
    if not value and action.nargs != 0:
        value = "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
    name = action.option_strings[-1] if action.option_strings else ""
    written = f"{name} {value}".strip()
    return f"[{written}]" if action.nargs in {"?", "*", argparse.REMAINDER} else written


def _meaning(action: argparse.Action) -> str:
    told = action.help or ("default: %(default)s" if action.default else "")
    told = told.replace("%(default)s", str(action.default)).replace("%%", "%")
    return f"{told} (must be given)" if action.required and action.option_strings else told
