"""The services of docker-compose.yml as processes of this machine, over TCP and with passwords."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from redis import Redis
from redis.exceptions import RedisError

from app.local import POSTGRES_BIN, REDIS_BIN
from tests.auth.keys import complete
from tests.auth.people import SAML
from tests.deploy.compose import ROOT, Native, free_port, services
from tests.deploy.test_files import FILLED

CASES = "60"


def as_nobody() -> dict:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    uid = pwd.getpwnam("nobody").pw_uid
    return {"user": uid, "group": uid, "extra_groups": []}


def until(ready, what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)


class Postgres:
    """A PostgreSQL of one's own over TCP, with a password; or a replica of one."""

    def __init__(self, folder: Path, password: str, superuser: str = "caseboard") -> None:
        self.folder, self.password, self.port = folder, password, free_port()
        self.superuser = superuser
        self.data = folder / "data"
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        self.process: subprocess.Popen | None = None

    def url(self, name: str = "caseboard") -> str:
        return f"postgresql://caseboard:{self.password}@127.0.0.1:{self.port}/{name}"

    def run(self, program: str, *words: str, **more) -> None:
        command = [str(POSTGRES_BIN / program), *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", **as_nobody(), **more
        )
        assert done.returncode == 0, done.stderr

    def make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self.run("initdb", "-D", str(self.data), "-U", self.superuser, "-E", "UTF8",
                 "--locale=C.UTF-8", "--auth-host=scram-sha-256", "--auth-local=trust",
                 f"--pwfile={secret}")  # fmt: skip

    def copy_of(self, primary: "Postgres") -> None:
        self.run("pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast",
                 "-d", primary.url("postgres"))  # fmt: skip

    def start(self, *options: str) -> None:
        words = [f"--port={self.port}", "--listen_addresses=127.0.0.1", "--fsync=off",
                 f"--unix_socket_directories={self.folder}", *options]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(POSTGRES_BIN / "postgres"), "-D", str(self.data), *words],
                stdout=log, stderr=log, cwd="/", start_new_session=True, **as_nobody(),
            )  # fmt: skip
        until(self.answers, f"PostgreSQL\n{(self.folder / 'log').read_text()}")

    def answers(self) -> bool:
        try:
            self.socket().close()
        except psycopg2.OperationalError:
            return False
        return True

    def socket(self):
        """As the superuser, the way that is open within the container only."""
        return psycopg2.connect(host=self.folder, port=self.port, user=self.superuser,
                                dbname="postgres", connect_timeout=2)  # fmt: skip

    def execute(self, statement: str) -> None:
        connection = self.socket()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.send_signal(2)
            self.process.wait(30)


def redis(service: dict, folder: Path, port: int, password: str) -> subprocess.Popen:
    """A Redis by the command of the file, at a port of this machine."""
    folder.mkdir()
    command = service["command"]
    assert command[:2] == ["sh", "-c"]
    environment = {"REDIS_PASSWORD": password, "PATH": f"{REDIS_BIN}:{os.environ['PATH']}"}
    here = f"redis-server - --port {port} --bind 127.0.0.1 --dir {folder} "
    assert command[2].count("redis-server - ") == 1
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            ["sh", "-c", command[2].replace("redis-server - ", here)],
            stdout=log, stderr=log, env=environment, start_new_session=True,
        )  # fmt: skip

    def answers() -> bool:
        try:
            return bool(Redis(port=port, password=password).ping())
        except RedisError:
            return False

    until(answers, "Redis")
    for word in psutil.Process(process.pid).cmdline():
        assert password not in word, "all of the machine can read it"
    test = service["healthcheck"]["test"]
    assert test[0] == "CMD-SHELL"
    check = test[1].replace("redis-cli", f"redis-cli -p {port}")
    assert subprocess.run(["sh", "-c", check], env=environment, check=False).returncode == 0
    return process


@pytest.fixture(scope="module")
def composed(tmp_path_factory) -> Iterator[Native]:
    """Servers and migrated tables; the services of Caseboard are started by the test."""
    folder = Path(tempfile.gettempdir()) / f"caseboard-compose-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o755)
    told = services({**FILLED, "CASEBOARD_BASE_URL": "https://127.0.0.1"})
    # As the image does it: the superuser gets the password, then the files of the folder are run.
    postgres = Postgres(folder / "postgres", FILLED["POSTGRES_PASSWORD"], "postgres")
    ports = {name: free_port() for name in ("cache", "queue", "web", "flower", "p", "j", "b")}
    places = {
        "@postgres:5432": f"@127.0.0.1:{postgres.port}",
        "@cache:6379": f"@127.0.0.1:{ports['cache']}",
        "@queue:6379": f"@127.0.0.1:{ports['queue']}",
        "0.0.0.0:8050": f"127.0.0.1:{ports['web']}",
        "0.0.0.0:5555": f"127.0.0.1:{ports['flower']}",
        "/backup": str(folder / "backup"),
        "127.0.0.1:8051": f"127.0.0.1:{ports['p']}",
        "sandbox:8051": f"127.0.0.1:{ports['p']}",
        "sandbox:8052": f"127.0.0.1:{ports['j']}",
        "sandbox:8053": f"127.0.0.1:{ports['b']}",
    }
    (folder / "backup").mkdir()
    told["sandbox"]["command"] += ["--host", "127.0.0.1", "--known-as", "127.0.0.1", "--cases", CASES,
                                   "--ports", str(ports["p"]), str(ports["j"]), str(ports["b"])]  # fmt: skip
    native = Native(folder, told, places, postgres)
    lines = (Path(__file__).parents[2] / "deploy/compose/sandbox.env").read_text().splitlines()
    sources = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    native.extra = {
        **{name: value for name, value in SAML.items() if name == "CASEBOARD_ROLES"},
        **{f"CASEBOARD_{name}": value for name, value in complete().items()},
        **{name: native.here(value) for name, value in sources.items()},
    }
    redises = []
    try:
        postgres.make()
        postgres.start()
        [mounted] = [v for v in told["postgres"]["volumes"] if "initdb.d" in v]
        for script in sorted((ROOT / mounted.partition(":")[0]).glob("*.sql")):
            postgres.run(
                "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--username=postgres",
                "--no-password", "--dbname=postgres", f"--host={postgres.folder}",
                f"--port={postgres.port}", input=script.read_text(),
                env={"POSTGRES_PASSWORD": postgres.password},
            )  # fmt: skip
        redises = [
            redis(told[name], folder / name, ports[name], FILLED["REDIS_PASSWORD"])
            for name in ("cache", "queue")
        ]
        yield native
    finally:
        native.stop()
        for process in redises:
            process.terminate()
            process.wait(20)
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
