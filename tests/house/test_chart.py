from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.real  # helm and the Kubernetes schemas are 100 MB

SHAPES = ("defaults", "standalone", "everything")
KUBERNETES = ("1.29", "1.33")


@pytest.fixture
def chart(root):
    helm = pytest.importorskip("helm_python")
    with helm.Chart.load(str(root / "helm/seawall")) as loaded:
        yield loaded


@pytest.fixture
def render(root, chart):
    def rendered(shape, **values):
        given = yaml.safe_load((root / f"helm/seawall/ci/{shape}.yaml").read_text()) if shape != "defaults" else {}
        return chart.render(given | values, name="watch", namespace="models")

    return rendered


def _objects(manifests):
    texts = [text for path, text in manifests.items() if path.endswith(".yaml")]
    return {each["kind"]: each for text in texts for each in yaml.safe_load_all(text) if each}


def test_every_shape_has_a_test(root):
    assert {path.stem for path in (root / "helm/seawall/ci").glob("*.yaml")} == set(SHAPES) - {"defaults"}


def test_helm_finds_nothing_to_say(root):
    helm = pytest.importorskip("helm_python")
    found = helm.lint(str(root / "helm/seawall"))
    assert [each["error"] for each in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_what_kubernetes_takes(render, shape, version):
    validate = pytest.importorskip("kubernetes_validate").validate
    objects = _objects(render(shape))
    assert {"ConfigMap", "Deployment", "Service"} <= set(objects)
    for each in objects.values():
        validate(each, version, strict=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_container_is_restricted_and_bounded(render, shape):
    pod = _objects(render(shape))["Deployment"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_configuration_it_renders_is_valid(render, tmp_path, shape):
    objects = _objects(render(shape))
    (tmp_path / "seawall.yaml").write_text(objects["ConfigMap"]["data"]["seawall.yaml"])
    seawall = Path(sys.executable).with_name("seawall")
    run = subprocess.run(
        [seawall, "check-config", "seawall.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_probes_and_the_service_reach_the_port_it_listens_on(render):
    objects = _objects(render("standalone"))
    container = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    listen = yaml.safe_load(objects["ConfigMap"]["data"]["seawall.yaml"])["http"]["listen"]
    assert container["ports"] == [{"name": "metrics", "containerPort": int(listen.rpartition(":")[2])}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}
    assert objects["Service"]["spec"]["ports"][0]["targetPort"] == "metrics"
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert objects["Service"]["spec"]["selector"].items() <= labels.items()


def test_a_changed_configuration_restarts_the_pod(render):
    sums = {
        _objects(render("standalone", **values))["Deployment"]["spec"]["template"]["metadata"]["annotations"][
            "checksum/config"
        ]
        for values in ({}, {"config": {"source": {"type": "file", "path": "-"}, "reference": "/reference"}})
    }
    assert len(sums) == 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"imagee": {}}, "imagee"),
        ({"config": {"source": {"type": "kafka"}}}, "reference"),
        ({"config": {"source": {"type": "kafka"}, "reference": "r", "state_dir": "/data"}}, "state_dir"),
        ({"config": {"source": {"type": "kafka"}, "reference": "r", "http": {"listen": ":80"}}}, "listen"),
        ({"state": {"size": "a lot"}}, "size"),
        ({"reference": {"volume": {"emptyDir": {}, "nfs": {}}}}, "volume"),
    ],
    ids=lambda value: shlex.quote(str(value))[:40],
)
def test_a_mistaken_value_is_refused_by_name(chart, values, words):
    with pytest.raises(Exception, match=words):
        chart.render(values, name="watch", namespace="models")
