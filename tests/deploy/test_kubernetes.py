"""The manifests are whole, closed by default, and say what the code does."""

import shutil
import subprocess

import pytest
import yaml

from app.cli import _parser
from app.cli_healthy import PROGRAMS
from app.settings import declared, load, variable
from tests.deploy.compose import ROOT, services
from tests.deploy.test_files import DOCKERFILE, FILLED, understands

FOLDER = ROOT / "deploy/kubernetes"
BASE = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
DOCUMENTS = [
    document
    for name in BASE["resources"]
    for document in yaml.safe_load_all((FOLDER / name).read_text())
]
KINDS = {"Deployment", "Job", "CronJob"}
WORKLOADS = {d["metadata"]["name"]: d for d in DOCUMENTS if d["kind"] in KINDS}
# What is at work with less than all settings, and with which.
CHOSEN = {
    "backup": {"CASEBOARD_DATABASE_URL"},
    "beat": {"CASEBOARD_DATABASE_URL", "CASEBOARD_BROKER_URL"},
    "images": {"CASEBOARD_REDIS_URL", "CASEBOARD_BROKER_URL"},
}
VERSIONS = {
    "Namespace": "v1", "ServiceAccount": "v1", "ConfigMap": "v1", "Service": "v1", "Secret": "v1",
    "Deployment": "apps/v1", "Job": "batch/v1", "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1", "CronJob": "batch/v1", "PersistentVolumeClaim": "v1",
}  # fmt: skip
NAMES = {variable(item.name) for item in declared()}
SECRET = yaml.safe_load((FOLDER / "secret.example.yaml").read_text())


def template(name: str) -> dict:
    told = WORKLOADS[name]["spec"]
    return told.get("jobTemplate", {"spec": told})["spec"]["template"]


def pod(name: str) -> dict:
    return template(name)["spec"]


def container(name: str) -> dict:
    [one] = pod(name)["containers"]
    return one


def test_every_file_is_part_of_the_base_and_every_document_is_whole():
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert files == {*BASE["resources"], "kustomization.yaml", "secret.example.yaml"}
    assert len({(d["kind"], d["metadata"]["name"]) for d in DOCUMENTS}) == len(DOCUMENTS)
    for document in [*DOCUMENTS, SECRET]:
        assert document["apiVersion"] == VERSIONS[document["kind"]]


def test_what_runs_in_compose_runs_here_by_the_same_command():
    composed = services(FILLED)
    assert set(WORKLOADS) == {"migrate", "web", "worker", "images", "beat", "backup"}
    for name in WORKLOADS:
        assert container(name)["args"] == composed[name]["command"]
        image = container(name)["image"]
        assert image == composed[name]["image"].rpartition(":")[0]
        assert image in {one["name"] for one in BASE["images"]}
        assert f" AS {name if name in {'images', 'backup'} else 'caseboard'}" in DOCKERFILE
        if name != "images" or understands(["worker", "--images"]):
            _parser().parse_args(container(name)["args"])


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_pods_may_little(name):
    told, one = pod(name), container(name)
    assert told["automountServiceAccountToken"] is False
    assert told["serviceAccountName"] in {
        d["metadata"]["name"] for d in DOCUMENTS if d["kind"] == "ServiceAccount"
    }
    assert told["securityContext"]["runAsNonRoot"] is True
    assert f"USER {told['securityContext']['runAsUser']}:" in DOCKERFILE
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(one["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in one["resources"]["limits"]
    mounted = {mount["name"] for mount in one["volumeMounts"]}
    assert mounted == {volume["name"] for volume in told["volumes"]}
    if name in CHOSEN:
        assert "envFrom" not in one, "it has no need of every secret"
        refs = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in one["env"]}
        assert refs == {key: {"name": "caseboard", "key": key} for key in CHOSEN[name]}
        assert refs.keys() <= SECRET["stringData"].keys()
        given = services(FILLED)[name]["environment"]
        assert {key for key, value in given.items() if value} == refs.keys(), "as in compose"
        return
    assert "env" not in one, "settings come of the config and of the secret"
    assert one["envFrom"] == [
        {"configMapRef": {"name": "caseboard"}},
        {"secretRef": {"name": "caseboard"}},
    ]


def test_selectors_and_ports_meet():
    for name, workload in WORKLOADS.items():
        labels = template(name)["metadata"]["labels"]
        assert labels == {"app.kubernetes.io/component": name}
        if workload["kind"] == "Deployment":
            assert workload["spec"]["selector"]["matchLabels"] == labels
    ports = {port["name"]: port["containerPort"] for port in container("web")["ports"]}
    bind = container("web")["args"][-1]
    assert ports == {"http": int(bind.rpartition(":")[2])}
    for document in DOCUMENTS:
        selector = document.get("spec", {}).get("selector", {})
        if document["kind"] == "Service":
            assert selector["app.kubernetes.io/component"] in WORKLOADS
            assert {port["targetPort"] for port in document["spec"]["ports"]} <= set(ports)
        if document["kind"] == "NetworkPolicy":
            chosen = document["spec"]["podSelector"]["matchLabels"]
            part = chosen.get("app.kubernetes.io/component")
            assert part in WORKLOADS or chosen == {"app.kubernetes.io/part-of": "caseboard"}
    assert BASE["labels"][0]["pairs"]["app.kubernetes.io/part-of"] == "caseboard"


def test_probes_ask_what_there_is(app):
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container("web")[name]["httpGet"]
        assert asked["path"] in rules
        assert asked["port"] == "http"
    # A database that is away must stop traffic, and restart nothing.
    assert container("web")["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container("web")["readinessProbe"]["httpGet"]["path"] == "/readyz"
    for name in ("worker", "images"):
        command = container(name)["livenessProbe"]["exec"]["command"]
        assert command == ["python", "-m", "app.cli_healthy", name]
        assert name in PROGRAMS


def test_one_beat_and_no_two_of_a_kind_at_a_time():
    beat = WORKLOADS["beat"]["spec"]
    assert beat["replicas"] == 1
    assert beat["strategy"] == {"type": "Recreate"}
    assert WORKLOADS["web"]["spec"]["replicas"] >= 2
    assert WORKLOADS["web"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_backups_do_not_meet_and_land_on_a_volume():
    backup = WORKLOADS["backup"]["spec"]
    assert backup["concurrencyPolicy"] == "Forbid"
    [claim] = [d for d in DOCUMENTS if d["kind"] == "PersistentVolumeClaim"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container("backup")["volumeMounts"]}
    [volume] = [v for v in pod("backup")["volumes"] if "persistentVolumeClaim" in v]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert mounts[volume["name"]] == container("backup")["args"][-1]


def test_kustomize_takes_the_base():
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not here")
    done = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = [one for one in yaml.safe_load_all(done.stdout) if one]
    assert len(made) == len(DOCUMENTS)
    for one in made:
        assert one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "caseboard"
        if one["kind"] in KINDS:
            told = one["spec"].get("jobTemplate", one)["spec"]["template"]
            assert told["metadata"]["labels"]["app.kubernetes.io/part-of"] == "caseboard", (
                "no network policy closes it"
            )
            assert ":" in told["spec"]["containers"][0]["image"], "its image is not pinned"


def test_settings_are_settings_and_secrets_hold_no_value():
    config = next(d for d in DOCUMENTS if d["kind"] == "ConfigMap")["data"]
    assert set(config) <= NAMES
    load(config | {"CASEBOARD_SECRET_KEY": "s" * 40})
    secret = {variable(item.name) for item in declared() if item.metadata["secret"]}
    assert not set(config) & secret
    assert set(SECRET["stringData"]) <= NAMES
    assert set(SECRET["stringData"].values()) == {""}
    assert secret - set(SECRET["stringData"]) <= {"CASEBOARD_SECRET_KEY_FALLBACKS"}


def test_nothing_comes_in_but_to_web():
    policies = {d["metadata"]["name"]: d["spec"] for d in DOCUMENTS if d["kind"] == "NetworkPolicy"}
    assert "ingress" not in policies["closed"]
    assert set(policies["closed"]["policyTypes"]) == {"Ingress", "Egress"}
    open_to = [name for name, spec in policies.items() if spec.get("ingress")]
    assert open_to == ["web"]
