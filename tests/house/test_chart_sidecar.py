"""Seawall in a model's pod: made by the chart, included by another chart, or pasted."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml

pytestmark = pytest.mark.real  # helm and the Kubernetes schemas are 100 MB


@pytest.fixture
def pasted(root):
    """What stands in examples/sidecar.yaml, by kind."""
    return {each["kind"]: each for each in yaml.safe_load_all((root / "examples/sidecar.yaml").read_text())}


@pytest.fixture
def page(root):
    return (root / "docs/kubernetes.md").read_text()


@pytest.fixture
def files(page):
    """The files that stand on the page, by name."""
    return dict(re.findall(r"^```yaml\n# ([\w./-]+)[^\n]*\n(.+?)^```", page, re.MULTILINE | re.DOTALL))


@pytest.fixture
def parent(root, tmp_path, files):
    """Make the chart of the page, that of a model which includes the sidecar; return its folder."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    # what `helm dependency update` does with a chart on disk
    shutil.copytree(root / "helm/seawall", tmp_path / "credit-risk/charts/seawall")
    return tmp_path / "credit-risk"


@pytest.fixture
def included(parent, objects):
    helm = pytest.importorskip("helm_python")

    def rendered(**values):
        with helm.Chart.load(str(parent)) as chart:
            return objects(chart, values)

    return rendered


def _pod(objects):
    return objects["Deployment"]["spec"]["template"]["spec"]


def test_it_goes_on_beside_the_model_and_holds_it_up_in_nothing(render):
    pod = _pod(render("sidecar"))
    (sidecar,) = pod["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    assert not {"readinessProbe", "startupProbe", "lifecycle"} & sidecar.keys()
    assert sidecar["envFrom"] == [{"secretRef": {"name": "seawall", "optional": True}}]
    assert {"name": "seawall-state", "emptyDir": {}} in pod["volumes"]
    assert [container["name"] for container in pod["containers"]] == ["model"]


def test_what_is_pasted_is_what_the_chart_renders(render, pasted):
    containers = pasted["Deployment"]["spec"]["template"]["spec"]["containers"]
    config = yaml.safe_load(pasted["ConfigMap"]["data"]["seawall.yaml"])
    given = {key: value for key, value in config.items() if key not in {"state_dir", "http"}}
    rendered = render("sidecar", sidecar={"containers": containers}, config=given)
    assert yaml.safe_load(rendered["ConfigMap"]["data"]["seawall.yaml"]) == config
    pod = _pod(rendered)
    pod["volumes"][0]["configMap"]["name"] = pasted["ConfigMap"]["metadata"]["name"]
    assert _pod(pasted) == pod


@pytest.mark.parametrize("version", ["1.29", "1.33"])
def test_what_is_pasted_is_what_kubernetes_takes(pasted, validate, version):
    assert pasted.keys() == {"ConfigMap", "Deployment"}
    for each in pasted.values():
        validate(each, version)


@pytest.mark.parametrize("version", ["1.29", "1.33"])
def test_another_chart_includes_it_as_the_page_says(included, validate, version):
    objects = included()
    assert objects.keys() == {"ConfigMap", "Deployment"}
    for each in objects.values():
        validate(each, version)
    pod = _pod(objects)
    (sidecar,) = pod["initContainers"]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("seawall", "Always")
    assert {mount["name"] for mount in sidecar["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}
    assert pod["volumes"][-3]["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]


def test_the_values_of_the_page_keep_state_and_take_a_reference_and_a_secret(chart, objects, files):
    rendered = objects(chart, yaml.safe_load(files["values.yaml"]))
    assert rendered.keys() == {"ConfigMap", "PersistentVolumeClaim", "Service", "Deployment"}
    sources = {volume["name"]: volume for volume in _pod(rendered)["volumes"]}
    assert sources["seawall-state"]["persistentVolumeClaim"] == {"claimName": "watch-seawall"}
    assert sources["seawall-reference"]["persistentVolumeClaim"] == {"claimName": "accepted-references"}
    assert _pod(rendered)["containers"][0]["envFrom"] == [{"secretRef": {"name": "seawall", "optional": False}}]


def test_every_file_the_page_links_to_exists(root, page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page)
    assert links
    assert [link for link in links if not (root / "docs" / link).exists()] == []


def test_a_changed_configuration_restarts_the_other_charts_pod(included):
    before, after = (included(seawall={"port": port}) for port in (9464, 9465))
    annotations = [each["Deployment"]["spec"]["template"]["metadata"]["annotations"] for each in (before, after)]
    assert annotations[0] != annotations[1]


def test_a_chart_that_includes_it_but_asks_for_another_shape_is_told(included):
    with pytest.raises(Exception, match="needs `shape: sidecar` in the values of seawall"):
        included(seawall={"shape": "standalone"})
