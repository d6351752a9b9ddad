"""What is written for containers says what the code does."""

import re
import shutil
import subprocess

import pytest
import yaml

from app.cli import _parser
from app.cli_healthy import PROGRAMS
from app.settings import SettingsError, declared, load, variable
from tests.deploy.compose import OURS, ROOT, NotSet, interpolated, services

FILLED = {
    "POSTGRES_PASSWORD": "p" * 32,
    "REDIS_PASSWORD": "r" * 32,
    "CASEBOARD_SECRET_KEY": "s" * 48,
    "CASEBOARD_METRICS_TOKEN": "m" * 48,
    "CASEBOARD_BASE_URL": "https://board.example.com",
}
ROLES = {"CASEBOARD_ROLES": '{"admin": ["board-admins"]}'}
DATABASE = f"postgresql://caseboard:{'p' * 32}@postgres:5432/caseboard"
CACHE, QUEUE = (f"redis://:{'r' * 32}@{name}:6379/0" for name in ("cache", "queue"))
EVERYTHING = {"database", "queue", "cache", "all"}
NEEDS = {
    "migrate": EVERYTHING, "web": EVERYTHING, "worker": EVERYTHING,
    "images": {"queue", "cache"}, "beat": {"database", "queue"}, "flower": {"queue"},
    "backup": {"database"}, "sandbox": set(),
}  # fmt: skip
NAMES = {variable(item.name) for item in declared()}
EXAMPLE = (ROOT / ".env.example").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def understands(words: list[str]) -> bool:
    try:
        _parser().parse_args(words)
    except SystemExit:
        return False
    return True


@pytest.mark.parametrize("name", FILLED)
def test_without_a_secret_the_first_start_is_refused_and_says_how_to_make_one(name):
    lacking = {key: value for key, value in FILLED.items() if key != name}
    with pytest.raises(NotSet) as refusal:
        services(lacking)
    assert name in str(refusal.value)
    if name != "CASEBOARD_BASE_URL":
        assert "secrets.token_urlsafe(" in str(refusal.value)


def test_no_secret_has_a_default():
    for name in FILLED:
        assert re.search(rf"^{name}=$", EXAMPLE, re.MULTILINE), f"{name} must be left empty"
        assert f"{name}:-" not in COMPOSE
    assert not re.search(r"(PASSWORD|KEY|TOKEN)=\S", EXAMPLE + DOCKERFILE)


@pytest.mark.parametrize("name", OURS)
def test_settings_and_command_of_each_service_are_taken(name):
    service = services(FILLED)[name]
    settings = load({**service.get("environment", {}), **(ROLES if "env_file" in service else {})})
    knows = NEEDS[name]
    assert settings.database_url == (DATABASE if "database" in knows else None)
    assert settings.broker_url == (QUEUE if "queue" in knows else None)
    assert settings.redis_url == (CACHE if "cache" in knows else None)
    assert ("env_file" in service) == ("all" in knows), "secrets go where they are needed only"
    assert bool(settings.secret_key) == bool(settings.metrics_token) == ("all" in knows)
    assert any("/run/saml" in one for one in service.get("volumes", [])) == ("all" in knows)
    assert ("outside" in service["networks"]) == (name in {"web", "worker"})
    command = service["command"]
    assert understands(command), f"caseboard {' '.join(command)}"
    test = service["healthcheck"].get("test")
    if test and name != "sandbox":
        assert test[:4] == ["CMD", "python", "-m", "app.cli_healthy"]
        assert test[4] in PROGRAMS


def test_everything_of_the_example_is_a_setting_or_of_compose():
    found = re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert len(found) == len(set(found)), "a name stands there twice"
    ours = {name for name in found if name.startswith("CASEBOARD_")}
    # Where Chromium is, the image with the Chromium says itself.
    assert ours | {"CASEBOARD_CHROMIUM"} == NAMES | {"CASEBOARD_CHROMIUM"}
    used = set(re.findall(r"\$\{(\w+)", COMPOSE))
    assert set(found) - ours == used - ours, "compose and the example know the same variables"


def test_the_filled_example_is_accepted():
    filled = {**FILLED, **ROLES, "CASEBOARD_SAML_IDP_METADATA": ""}
    text = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert {name for name in text if name.startswith("CASEBOARD_")} <= NAMES
    load({name: filled.get(name, value) for name, value in text.items()})
    with pytest.raises(SettingsError):
        load({**text, "CASEBOARD_AUTH": "saml"})


def test_the_settings_of_the_sandbox_are_taken():
    told = dict(
        line.split("=", 1)
        for line in (ROOT / "deploy/compose/sandbox.env").read_text().splitlines()
        if not line.startswith("#")
    )
    settings = load(told)
    assert settings.portal_url.startswith("http://sandbox:8051/")
    assert settings.jira_url == "http://sandbox:8052"


def test_the_sandbox_of_the_file_is_the_sandbox_of_the_code():
    from etl.sandbox.server import Sandbox
    from etl.sandbox.world import World

    with Sandbox(World(seed=1, cases=3), known_as="sandbox") as sandbox:
        ports = {
            str(s.server_port): p
            for s, p in zip(sandbox._servers.values(), ("8051", "8052", "8053"), strict=True)
        }
        told = {
            k: re.sub(r":(\d+)", lambda m: f":{ports.get(m[1], m[1])}", v)
            for k, v in sandbox.environment().items()
        }
    text = (ROOT / "deploy/compose/sandbox.env").read_text()
    assert told == dict(
        line.split("=", 1) for line in text.splitlines() if not line.startswith("#")
    )


def test_images_are_pinned_and_only_the_proxy_is_published():
    told = services(FILLED)
    for name, service in told.items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d", tag), f"{name}: pin its image"
        for port in service.get("ports", []):
            assert name == "proxy" or port.startswith("127.0.0.1:"), f"{name} is open to all"
        test = service["healthcheck"]
        assert "test" in test or name in {"migrate", "backup"}
    assert not told["postgres"].get("ports")
    assert not told["flower"].get("ports")
    for name in OURS:
        if name in {"web", "worker", "beat"}:
            waits = told[name]["depends_on"]["migrate"]["condition"]
            assert waits == "service_completed_successfully"
    assert told["sandbox"]["profiles"] == ["sandbox"]
    assert told["backup"]["profiles"] == ["backup"], "`up` makes no backup"
    assert set(told["backup"]["depends_on"]) == {"postgres"}, "a restore wants no tables there"
    assert "noeviction" in str(told["queue"]["command"])
    assert "everysec" in str(told["queue"]["command"])
    assert "allkeys-lru" in str(told["cache"]["command"])


def test_the_dockerfile_builds_in_one_stage_and_runs_in_another_as_nobody_special():
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    names = [re.match(r"\S+ AS (\w+)", stage)[1] for stage in stages[1:]]
    assert names == ["wheels", "caseboard", "images", "backup"]
    wheels, final, images, backup = stages[1:]
    assert "build-essential" in wheels
    assert "apt-get" not in final
    assert "chromium" in images
    assert "chromium" not in final.lower()
    for stage in (final, images, backup):
        users = re.findall(r"^USER (.+)$", stage, re.MULTILINE)
        assert users[-1] == "10001:10001", "the last word is an unprivileged user"
    assert "HEALTHCHECK NONE" in backup
    [client] = re.findall(r"postgresql-client-(\d+)", backup)
    assert services(FILLED)["postgres"]["image"].startswith(f"postgres:{client}-")
    folder = services(FILLED)["backup"]["volumes"][0].rpartition(":")[2]
    assert f"--owner=10001 --group=10001 --mode=0700 {folder}" in backup
    for stage in (final, images):
        check = re.search(r"HEALTHCHECK.*?CMD (\[.*?\])", stage, re.DOTALL)[1]
        assert "curl" not in check
        assert yaml.safe_load(check)[2] == "app.cli_healthy"
        assert yaml.safe_load(check)[3] in PROGRAMS
    for kind in ("COPY", "ADD"):
        for line in re.findall(rf"^{kind} (.+)$", DOCKERFILE, re.MULTILINE):
            for source in line.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()
    assert re.search(r"^ARG PYTHON=3\.11\.\d+-slim", DOCKERFILE, re.MULTILINE)


def test_the_proxy_asks_for_names_again():
    """A container that is made anew has another address; the image must know the word for that."""
    told = (ROOT / "deploy/nginx/nginx.conf").read_text()
    version = re.search(r"nginx:(\d+)\.(\d+)", services(FILLED)["proxy"]["image"])
    assert tuple(map(int, version.groups())) >= (1, 28)
    upstreams = re.findall(r"upstream (\w+) \{(.*?)\}", told, re.DOTALL)
    assert {name for name, _ in upstreams} == {"web", "flower"}
    for name, body in upstreams:
        assert re.search(rf"server {name}:\d+ resolve;", body)
        assert f"zone {name} " in body


def test_no_password_stands_on_a_command_line():
    for name, service in services(FILLED).items():
        command = service.get("command", [])
        words = command[2].split("<<EOF")[0] if command[:2] == ["sh", "-c"] else str(command)
        secrets = {value for key, value in FILLED.items() if key != "CASEBOARD_BASE_URL"}
        assert not any(one in words for one in (*secrets, "PASSWORD", "requirepass")), name


def promtool(*words: str) -> str:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not here: apt-get install prometheus")
    done = subprocess.run(
        ["promtool", *words], capture_output=True, text=True, check=False,
        cwd=ROOT / "deploy/prometheus",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_alert_rules_are_accepted_and_call_when_they_should():
    assert "rules found" in promtool("check", "rules", "rules.yml")
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")


def test_alert_rules_name_only_metrics_that_there_are():
    from app import meters, scrape

    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"][0]["rules"]
    code = "".join(
        (ROOT / f"app/{m.__name__.rpartition('.')[2]}.py").read_text() for m in (meters, scrape)
    )
    for rule in rules:
        assert set(rule["annotations"]) == {"summary", "todo"}
        for name in re.findall(r"\bcaseboard_(\w+)", rule["expr"]):
            bare = re.sub(r"_(bucket|count|total)$", "", name)
            assert f'"{bare}"' in code or f'"caseboard_{bare}"' in code, f"there is no {name}"


def test_prometheus_takes_its_configuration(tmp_path):
    told = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    token = tmp_path / "token"
    token.write_text("x")
    (tmp_path / "rules.yml").write_text((ROOT / "deploy/prometheus/rules.yml").read_text())
    (tmp_path / "prometheus.yml").write_text(told.replace("/run/secrets/metrics_token", str(token)))
    assert "valid prometheus config" in promtool(
        "check", "config", str(tmp_path / "prometheus.yml")
    )


def test_interpolation_is_that_of_compose():
    assert interpolated("a$$b ${X} ${Y:-z}", {"X": "1"}) == "a$b 1 z"
