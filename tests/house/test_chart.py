from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.real  # helm and the Kubernetes schemas are 100 MB

SHAPES = ("defaults", "standalone", "sidecar", "everything", "replicas")
KUBERNETES = ("1.29", "1.33")
# Pod Security Standards, "restricted": what a pod or its containers must say, and which volumes it may have.
RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


@pytest.fixture
def pod(render):
    return lambda shape, **values: render(shape, **values)["Deployment"]["spec"]["template"]["spec"]


def test_every_shape_has_a_test(root):
    assert {path.stem for path in (root / "helm/seawall/ci").glob("*.yaml")} == set(SHAPES) - {"defaults"}


def test_every_value_is_set_in_a_shape(root):
    files = [root / "helm/seawall/values.yaml", *(root / "helm/seawall/ci").glob("*.yaml")]
    known, *given = [_names(yaml.safe_load(path.read_text())) for path in files]
    assert known - set().union(*given) == set()


def _names(values):
    deeper = [{f"{name}.{key}" for key in value} for name, value in values.items() if isinstance(value, dict)]
    return set(values).union(*deeper)


def test_helm_finds_nothing_to_say(root):
    helm = pytest.importorskip("helm_python")
    found = helm.lint(str(root / "helm/seawall"))
    assert [each["error"] for each in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_what_kubernetes_takes(render, validate, shape, version):
    objects = render(shape)
    assert {"ConfigMap", "Deployment", "Service"} <= set(objects)
    for each in objects.values():
        validate(each, version)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_container_is_restricted_and_bounded(pod, shape):
    spec = pod(shape)
    assert spec["automountServiceAccountToken"] is False
    for container in spec["containers"] + spec.get("initContainers", []):
        assert (spec["securityContext"] | container["securityContext"]).items() >= RESTRICTED.items()
        assert "memory" in container["resources"]["limits"]
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    assert {key for volume in spec["volumes"] for key in volume} - {"name"} <= VOLUMES


@pytest.mark.parametrize("shape", SHAPES)
def test_the_configuration_it_renders_is_valid(render, tmp_path, shape):
    (tmp_path / "seawall.yaml").write_text(render(shape)["ConfigMap"]["data"]["seawall.yaml"])
    seawall = Path(sys.executable).with_name("seawall")
    run = subprocess.run(
        [seawall, "check-config", "seawall.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("shape", SHAPES)
def test_the_probes_and_the_service_reach_the_port_it_listens_on(render, shape):
    objects = render(shape)
    template = objects["Deployment"]["spec"]["template"]
    (container,) = template["spec"].get("initContainers", template["spec"]["containers"])
    listen = yaml.safe_load(objects["ConfigMap"]["data"]["seawall.yaml"])["http"]["listen"]
    host, _, port = listen.rpartition(":")
    assert host == "0.0.0.0"
    assert container["ports"] == [{"name": "seawall", "containerPort": int(port)}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": int(port)}
    if shape != "sidecar":
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": int(port)}
    assert objects["Service"]["spec"]["ports"] == [{"name": "metrics", "port": 9464, "targetPort": int(port)}]
    assert objects["Service"]["spec"]["selector"].items() <= template["metadata"]["labels"].items()


def test_every_mount_has_its_volume_and_every_secret_is_one_that_is_there_already(render):
    objects = render("everything")
    spec = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}
    assert container["envFrom"] == [{"secretRef": {"name": "seawall", "optional": False}}]
    mounted = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes[mounted["/run/secrets/kafka-user"]]["secret"] == {"secretName": "kafka-user", "optional": False}
    assert "Secret" not in objects


def test_a_changed_configuration_restarts_the_pod(render):
    sums = {
        render("standalone", **values)["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/seawall"]
        for values in ({}, {"config": {"source": {"type": "file", "path": "-"}, "reference": "/reference"}})
    }
    assert len(sums) == 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"imagee": {}}, "imagee"),
        ({"shape": "daemon"}, "shape"),
        ({"config": {"source": {"type": "kafka"}}}, "reference"),
        ({"config": {"source": {"type": "kafka"}, "reference": "r", "state_dir": "/data"}}, "state_dir"),
        ({"config": {"source": {"type": "kafka"}, "reference": "r", "http": {"listen": ":80"}}}, "listen"),
        ({"state": {"size": "a lot"}}, "size"),
        ({"reference": {"volume": {"emptyDir": {}, "nfs": {}}}}, "volume"),
        ({"port": 80}, "port"),
        ({"shape": "sidecar", "state": {"size": "1Gi"}}, "size"),
        ({"shape": "sidecar", "state": {"existingClaim": "kept"}}, "existingClaim"),
        ({"replicas": 2, "config": {"source": {"type": "kafka"}, "reference": "r"}}, "replicas"),
        ({"replicas": 2, "config": {"source": {}, "reference": "r", "replicas": {}}, "state": {"size": "1Gi"}}, "size"),
        ({"sidecar": {"containers": [{"name": "model", "image": "model"}]}}, "containers"),
    ],
    ids=lambda value: shlex.quote(str(value))[:40],
)
def test_a_mistaken_value_is_refused_by_name(chart, values, words):
    with pytest.raises(Exception, match=words):
        chart.render(values, name="watch", namespace="models")
