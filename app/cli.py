"""The `caseboard` command."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DBAPIError

from app import cli_healthy, database, local, revisions, tables
from app.lock import AlreadyRunning, running_servers
from app.processes import StartFailed
from app.settings import SettingsError, get_settings, use

DATA_DIR = Path(".caseboard")

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

MOST_SEEDED = 5_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; tells faults in a sentence. The exit status: 0 done, 1 not, 2 misused."""
    from etl.errors import FileRefused, Later

    words = sys.argv[1:] if arguments is None else arguments
    asked = _parser(words).parse_args(words)
    try:
        run: Callable[[argparse.Namespace], int] = asked.run
        return run(asked)
    except (SettingsError, StartFailed, AlreadyRunning, FileRefused, Later) as fault:
        err.print(str(fault), markup=False)
        return 1
    except DBAPIError as fault:
        reason = str(fault.orig).strip().splitlines()[0]
        err.print(f"The database did not do it: {reason}", markup=False)
        err.print("Nothing was half done. `caseboard doctor` checks the connection.")
        return 1
    except KeyboardInterrupt:
        err.print("Stopped.")
        return 130


Run = Callable[[argparse.Namespace], int]
Add = Callable[[str, Run, str], argparse.ArgumentParser]
Declare = Callable[[argparse.ArgumentParser, str, str], None]


def _parser(words: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """All commands; what can be said to one is loaded only when `words` have it, or are None."""
    parser = argparse.ArgumentParser(
        prog="caseboard", description="A field support team's cases on one board, with history."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument(
        "--data-dir",
        type=Path,
        default=DATA_DIR,
        metavar="DIR",
        help="where the own PostgreSQL keeps its data (default: %(default)s)",
    )

    def add(name: str, run: Run, told: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=told, description=told, parents=[folder])
        command.set_defaults(run=run)
        return command

    def declare(command: argparse.ArgumentParser, module: str, name: str) -> None:
        if words is None or command.prog.rpartition(" ")[2] in words:
            getattr(import_module(module), name)(command)

    up = add("up", _up, "start everything on this machine and print the address")
    up.add_argument("--port", type=_port, default=8050, help="of the page (default: %(default)s)")
    up.add_argument(
        "--no-sandbox",
        dest="sandbox",
        action="store_false",
        help="without the made-up sources; they are left out too when sources are set",
    )
    web = add(
        "web",
        _from("app.cli_programs", "web"),
        "serve the pages only, with the database of the settings",
    )
    web.add_argument("--bind", default="127.0.0.1:8050", metavar="HOST:PORT")
    tables = add("db", _db, "look after the tables: upgrade, downgrade, check, rebuild")
    tables.add_argument("action", choices=("upgrade", "downgrade", "check", "rebuild"))
    tables.add_argument("revision", nargs="?", help="for downgrade: a revision, or base")
    importing = add("import", _import, "import an event log, or move over from the old system")
    declare(importing, "app.cli_import", "declare")
    _add_programs(add)
    syncing = add("sync", _sync, "run a sync here and now: `caseboard sync NAME`, or all that read")
    declare(syncing, "app.cli_sync", "declare")
    add(
        "status",
        _from("app.cli_status", "status", data=True),
        "tell at a glance how everything stands, and what is late or failed",
    )
    token = add("token", _token, "make, revoke and list tokens for programs that use the API")
    declare(token, "app.cli_token", "declare")
    _add_jobs(add, declare)
    sandbox = add(
        "sandbox",
        _from("app.cli_programs", "sandbox"),
        "serve a made-up portal, JIRA and Bugzilla to try with",
    )
    sandbox.add_argument("arguments", nargs=argparse.REMAINDER, help="see: sandbox -- --help")
    seeding = add("seed", _seed, "fill an empty database with a made-up world of any size")
    seeding.add_argument("--cases", type=_cases, required=True, metavar="N", help="how many cases")
    seeding.add_argument("--seed", type=int, default=1, help="another number, another world")
    seeding.add_argument("--until", metavar="ISO", help="where the world ends (default: now)")
    run = _from("app.cli_backup", "backup", data=True)
    backup = add("backup", run, "dump the database into a file, with a manifest")
    declare(backup, "app.cli_backup", "backup_arguments")
    run = _from("app.cli_backup", "restore", data=True)
    restore = add("restore", run, "put a backup into an empty database, and compare")
    declare(restore, "app.cli_backup", "restore_arguments")
    doctor = add("doctor", _doctor, "check the settings and each connection")
    doctor.add_argument("--settings", action="store_true", help="list the settings in force")
    return parser


def _add_jobs(add: Add, declare: Declare) -> None:
    """What a team runs by hand or from scripts: reports, lists, one case."""
    run = _from("app.cli_report", "report", data=True)
    report = add("report", run, "make the weekly report, and send it if asked to")
    declare(report, "app.cli_report", "report_arguments")
    run = _from("app.cli_list", "listed", data=True)
    lists = add("list", run, "write a list of cases or faults as CSV")
    declare(lists, "app.cli_list", "list_arguments")
    run = _from("app.cli_list", "sprinted", data=True)
    sprint = add("sprint", run, "sum up the cards of a sprint")
    declare(sprint, "app.cli_list", "sprint_arguments")
    run = _from("app.cli_outbound", "run", data=True)
    outbound = add("outbound", run, "tell what is written back, and decide about it")
    declare(outbound, "app.cli_outbound", "outbound_arguments")
    watching = _from("app.cli_watchers", "run", data=True)
    watchers = add("watchers", watching, "tell, add or remove who is told of all in a case")
    watchers.add_argument("act", choices=("list", "add", "remove"))
    watchers.add_argument("number", metavar="CASE")
    watchers.add_argument("users", nargs="*", metavar="USER", help="names at the portal")
    attaching = _from("app.cli_attachments", "run")
    attachments = add("attachments", attaching, "list the files attached to a case at the portal")
    attachments.add_argument("number", metavar="CASE")
    attachments.add_argument("--tz", default="UTC", metavar="ZONE", help="of the times (UTC)")
    attachments.add_argument("--json", action="store_true", help="all that is told, times in UTC")


def _add_programs(add: Add) -> None:
    """What runs until it is stopped, beside the web server; and whether it is well."""
    worker = add(
        "worker", _from("app.cli_programs", "worker"), "run the syncs that are due, until stopped"
    )
    worker.add_argument("--images", action="store_true", help="draw images instead")
    add("beat", _from("app.cli_programs", "beat"), "wake the workers, until stopped")
    flower = add(
        "flower", _from("app.cli_programs", "flower"), "serve Flower, a look into the workers"
    )
    flower.add_argument("--bind", default="127.0.0.1:5555", metavar="HOST:PORT")
    healthy = add("healthy", cli_healthy.run, "tell whether a program of this machine is at work")
    healthy.add_argument("program", choices=cli_healthy.PROGRAMS)
    healthy.add_argument("--port", type=_port, help="of the web server or of Flower")


def _up(asked: argparse.Namespace) -> int:
    from app.up import up

    up(asked.port, asked.data_dir, sandbox=asked.sandbox)
    return 0


def _from(module: str, name: str, *, data: bool = False) -> Run:
    """A command of another file, loaded when it is run; with `data`, on the database."""

    def run(asked: argparse.Namespace) -> int:
        command: Callable[[argparse.Namespace], int] = getattr(import_module(module), name)
        with _connected(asked.data_dir) if data else nullcontext():
            return command(asked)

    return run


def _sync(asked: argparse.Namespace) -> int:
    from app.cli_sync import run

    with _connected(asked.data_dir):
        tables.upgrade()
        return run(asked)


def _token(asked: argparse.Namespace) -> int:
    from app import cli_token

    with _connected(asked.data_dir):
        return cli_token.run(asked)


def _db(asked: argparse.Namespace) -> int:
    with _connected(asked.data_dir):
        if asked.action == "upgrade":
            tables.upgrade()
        elif asked.action == "downgrade":
            if not asked.revision:
                err.print("Name the revision to go back to: caseboard db downgrade REVISION")
                return 2
            database.downgrade(asked.revision)
        elif asked.action == "rebuild":
            from etl.history import rebuild_all

            out.print(f"Derived the history of {rebuild_all():,} cases anew.")
        known = revisions.look()
        out.print(f"The tables are {known.words()}.", markup=False)
        return 0 if asked.action != "check" or known.right else 1


def _import(asked: argparse.Namespace) -> int:
    from app import cli_import

    return cli_import.run(asked, lambda: _connected(asked.data_dir), _progress)


def _seed(asked: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from app.view_fields import ParameterError, parse_instant
    from etl.seed import NotEmpty, seed

    try:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        until = parse_instant("until", asked.until, "UTC") if asked.until else now
        with _connected(asked.data_dir), _progress("Seeding") as progress:
            tables.upgrade()
            seed(asked.cases, asked.seed, until, progress)
    except (NotEmpty, ParameterError) as fault:
        err.print(str(fault))
        return 2
    out.print(f"{asked.cases:,} cases up to {until:%Y-%m-%d %H:%M} UTC were made.")
    return 0


def _doctor(asked: argparse.Namespace) -> int:
    settings = get_settings()
    if asked.settings:
        for name, value, source in settings.shown():
            out.print(f"{name}={value}  ({source})", markup=False)
        return 0
    from app.cli_doctor import examine

    with _connected(asked.data_dir):
        return 0 if examine(out) else 1


@contextmanager
def _connected(data_dir: Path) -> Iterator[None]:
    """Work with the database of the settings, else with our own, started when it does not run."""
    if get_settings().database_url:
        yield
        return
    running = running_servers(data_dir)
    if running is not None:
        use(running.environment())
        yield
        return
    with local.servers(data_dir) as (started, _, _):
        use(started.environment())
        yield
        database.reset()


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _cases(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= MOST_SEEDED:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of cases up to {MOST_SEEDED:,}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
