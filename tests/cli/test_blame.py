"""`qt-validate blame`: which line set a field, what that overrode, and nothing of a Secret."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_reports import at_terminal
from tests.conftest import ROOT, QtValidate, Run

OBJECTS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: one, labels: {app.kubernetes.io/name: api}}
spec:
  replicas: 2
  template:
    spec:
      volumes: [{name: tmp, emptyDir: {}}]
      containers:
      - {name: api, image: "qt/api:1.0", ports: [{containerPort: 8000}], args: [serve, "8"]}
      - name: proxy
        image: envoy
        command: |
          sh
          -c
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: two}
"""
HIDDEN = "hunter2-hunter2"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    file = tmp_path / "objects.yaml"
    file.write_text(OBJECTS)
    return file


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def fields(run: Run) -> list[dict[str, Any]]:
    assert run.code == 0, run.err
    document = json.loads(run.out)
    assert document["version"] == 1
    found: list[dict[str, Any]] = document["fields"]
    for each in found:
        assert list(each) == ["object", "path", "value", "source", "parts", "overrides"]
    return found


def text_at(source: dict[str, Any], folder: Path = ROOT) -> str:
    """What stands at an exact place."""
    assert source["certainty"] == "exact", source
    line: str = (folder / source["file"]).read_text().splitlines()[source["line"] - 1]
    return line[source["column"] - 1 : source["endColumn"] - 1]


def test_a_value_that_a_layer_overrode(qt_validate: QtValidate) -> None:
    arguments = ("overlays/prod", "Deployment/signals", "spec.replicas")
    out = qt_validate("blame", *arguments).out
    assert out.splitlines()[0] == "Deployment/signals  namespace trading"
    lines = [line.strip() for line in out.splitlines()]
    at = lines.index("spec.replicas: 2")
    assert lines[at + 1].startswith("deploy/k8s/overlays/prod/kustomization.yaml:")
    assert lines[at + 2].endswith("│ - {name: signals, count: 2}")
    assert lines[at + 4].startswith("overrides deploy/k8s/base/signals/deployment.yaml:")
    assert lines[at + 4].endswith("(1)")
    assert lines[at + 5].endswith("│ replicas: 1")
    (field,) = fields(qt_validate("blame", "--format", "json", *arguments))
    assert field["value"] == 2
    assert text_at(field["source"]) == "2"
    (override,) = field["overrides"]
    assert override["value"] == 1
    assert text_at(override["source"]) == "1"


def test_a_composed_value_shows_its_parts(qt_validate: QtValidate) -> None:
    (field,) = fields(
        qt_validate(
            *("blame", "--format", "json", "overlays/prod", "Deployment/api-service"),
            "spec.template.spec.containers[api].image",
        )
    )
    name, tag = field["parts"]
    assert field["value"] == f"{name['text']}:{tag['text']}"
    assert text_at(name["source"]) == name["text"] == "quant-trading/api"
    assert text_at(tag["source"]) == tag["text"]
    assert tag["source"]["file"] == "deploy/k8s/overlays/prod/kustomization.yaml"


def test_every_leaf_below_a_field(qt_validate: QtValidate) -> None:
    resources = "spec.template.spec.containers[api].resources"
    run = qt_validate("blame", "--format", "json", "overlays/prod", "Deployment/api-service", resources)
    found = fields(run)
    assert len(found) == 6
    assert {tuple(each["path"][:6]) for each in found} == {
        ("spec", "template", "spec", "containers", 0, "resources")
    }
    assert all(text_at(each["source"]).strip("\"'") == str(each["value"]) for each in found)


def test_every_leaf_of_every_object(qt_validate: QtValidate) -> None:
    found = fields(qt_validate("blame", "--format", "json", "overlays/prod"))
    assert len({(each["object"]["kind"], each["object"]["name"]) for each in found}) == 75
    exact = [each for each in found if each["source"]["certainty"] == "exact"]
    assert len(exact) > 0.98 * len(found)
    assert all(each["source"]["file"] for each in found)
    out = qt_validate("blame", "overlays/prod").out
    assert max(len(line) for line in out.splitlines() if "│" in line) <= 80


def test_what_a_replaced_list_held_is_overridden(qt_validate: QtValidate, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [pod.yaml]\n",
            "base/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
            "spec:\n  containers:\n  - name: c\n    args: [old, kept]\n",
            "top/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
            "top/p.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
            "spec: {containers: [{name: c, args: [new]}]}\n",
        },
    )
    run = qt_validate("blame", "--format", "json", "top", "Pod/p", "spec.containers[c].args", cwd=tmp_path)
    (field,) = fields(run)
    assert (field["value"], field["source"]["file"]) == ("new", "top/p.yaml")
    (override,) = field["overrides"]
    assert override["value"] == "old"
    assert override["source"]["file"] == "base/pod.yaml"
    assert override["source"]["line"] == 7
    assert override["source"]["certainty"] == "origin"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("spec.replicas", [2]),
        ("spec.template.spec.containers[api].args", ["serve", "8"]),
        ("spec.template.spec.containers[0].args[1]", ["8"]),
        ("spec.template.spec.containers[api].ports[8000]", [8000]),
        ("spec.template.spec.containers[proxy].command", ["sh\n-c\n"]),
        ('metadata.labels["app.kubernetes.io/name"]', ["api"]),
        ("metadata[labels]['app.kubernetes.io/name']", ["api"]),
        ("spec.template.spec.volumes[tmp]", ["tmp", {}]),
    ],
)
def test_ways_to_name_a_field(qt_validate: QtValidate, plain: Path, field: str, values: list[object]) -> None:
    run = qt_validate("blame", "--format", "json", plain, "deployment/one/api", field)
    assert [each["value"] for each in fields(run)] == values


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (("Deployment/api",), ["could be any of 2", "name one: Deployment/one/api, Deployment/two/api"]),
        (("Deployment/one/apo",), ["no object", "did you mean `Deployment/one/api`?"]),
        (("Deploymnt/api",), ["did you mean `Deployment/api`?", "the kinds here are Deployment"]),
        (("api",), ["`api` is not Kind/name", "for example Deployment/api"]),
        (("Deployment//api",), ["is not Kind/name"]),
        (("Deployment/one/api", "spec.replica"), ["`spec` of Deployment/api has no field", "`replicas`?"]),
        (("Deployment/one/api", "spec.template.spec.containers[prxy]"), ["did you mean `proxy`?", "[api]"]),
        (
            ("Deployment/one/api", "spec.template.spec.containers[7]"),
            ["no item `7`", "it has [api], [proxy]"],
        ),
        (("Deployment/one/api", "spec.template.spec.containers.api"), ["is a list", "must be in brackets"]),
        (("Deployment/one/api", "spec.replicas.x"), ["`spec.replicas` of Deployment/api has no fields"]),
        (("Deployment/one/api", "metadata.labels.app.kubernetes.io/name"), ['`["app.kubernetes.io/name"]`?']),
        (("Deployment/one/api", "spec[["), ["is not a field's path at `[[`"]),
        (("Deployment/one/api", "spec.template.spec.containers[]"), ["no item ``"]),
        (("Deployment/one/api", "..spec"), ["is not a field's path"]),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(
    qt_validate: QtValidate, plain: Path, arguments: tuple[str, ...], messages: list[str]
) -> None:
    run = qt_validate("blame", plain, *arguments)
    assert run.code == 2
    assert run.out == ""
    for message in messages:
        assert message in run.err


def test_targets_that_cannot_be_blamed(qt_validate: QtValidate, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("a: [\n")
    for target, message in [
        ("overlays/prd", "does not exist"),
        ("deploy/k8s/overlays", "name one: deploy/k8s/overlays/dev, deploy/k8s/overlays/prod"),
        (str(tmp_path / "broken.yaml"), "broken YAML"),
    ]:
        run = qt_validate("blame", target)
        assert run.code == 2
        assert message in run.err


def test_standard_input(qt_validate: QtValidate) -> None:
    run = qt_validate("blame", "-", "Deployment/two/api", "metadata", stdin=OBJECTS.encode())
    assert run.code == 0
    assert "<stdin>:19\n      19 │ metadata: {name: api, namespace: two}\n" in run.out


def test_a_generated_name_is_found_without_its_hash(qt_validate: QtValidate) -> None:
    out = qt_validate("blame", "overlays/prod", "ConfigMap/redis-config", "kind").out
    assert out.startswith("ConfigMap/redis-config-")


SECRETS = {
    "kustomization.yaml": """\
resources: [secret.yaml, one-line.yaml, pod.yaml]
patches: [{path: patch.yaml}]
secretGenerator: [{name: made, literals: [password=hunter2-hunter2]}, {name: env, envs: [secret.env]}]
""",
    "secret.yaml": f"""\
apiVersion: v1
kind: Secret
metadata:
  name: written
  annotations: {{kubectl.kubernetes.io/last-applied-configuration: '{{"password": "{HIDDEN}"}}'}}
stringData: {{password: old-{HIDDEN}, other: {HIDDEN}}}
""",
    "patch.yaml": f"""\
{{apiVersion: v1, kind: Secret, metadata: {{name: written, labels: {{a: b}}}}, \
stringData: {{password: {HIDDEN}}}}}
""",
    "one-line.yaml": f"""\
{{kind: List, apiVersion: v1, items: [{{apiVersion: v1, kind: ConfigMap, metadata: {{name: beside}}}}, \
{{apiVersion: v1, kind: Secret, metadata: {{name: in-list}}, stringData: {{password: {HIDDEN}}}}}]}}
""",
    "pod.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: c, envFrom: [{secretRef: {name: made}}, {secretRef: {name: env}}]}]}
""",
    "secret.env": f"password={HIDDEN}\n",
}


@pytest.mark.parametrize("form", ["terminal", "json"])
def test_values_of_secrets_stay_hidden(qt_validate: QtValidate, tmp_path: Path, form: str) -> None:
    write(tmp_path, SECRETS)
    encoded = "aHVudGVyMi1odW50ZXIy"
    for target in (".", "secret.yaml", "one-line.yaml", "patch.yaml"):
        run = qt_validate("blame", "--format", form, target, cwd=tmp_path)
        assert run.code == 0, run.err
        assert "(hidden)" in run.out
        assert "stringData" in run.out
        assert HIDDEN not in run.out
        assert encoded not in run.out
    piped = qt_validate("blame", "--format", form, "-", stdin=SECRETS["secret.yaml"].encode())
    assert "(hidden)" in piped.out
    assert HIDDEN not in piped.out


def test_a_hidden_value_still_has_its_place(qt_validate: QtValidate, tmp_path: Path) -> None:
    write(tmp_path, SECRETS)
    run = qt_validate("blame", "--format", "json", ".", "Secret/written", "stringData.password", cwd=tmp_path)
    (field,) = fields(run)
    assert field["value"] == "(hidden)"
    assert text_at(field["source"], tmp_path) == HIDDEN
    (override,) = field["overrides"]
    assert override["value"] == "(hidden)"
    assert text_at(override["source"], tmp_path) == f"old-{HIDDEN}"


def test_colour_on_a_terminal_only(plain: Path) -> None:
    arguments = ("blame", plain, "Deployment/one/api", "spec.replicas")
    colored = at_terminal(*arguments, columns=80, env={"NO_COLOR": ""})
    assert "\x1b[" in colored
    bare = at_terminal(*arguments, columns=80, env={"NO_COLOR": "1"})
    assert "\x1b[" not in bare
    assert "       5 │ replicas: 2\n         │           ^\n" in bare


def test_a_tree_that_changed_is_blamed_as_it_is(qt_validate: QtValidate, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    file = tmp_path / "deploy/k8s/base/signals/deployment.yaml"
    file.write_text("# one more line\n" + file.read_text())
    arguments = ("--format", "json", "deploy/k8s/overlays/dev", "Deployment/signals", "spec.strategy")
    for each in fields(qt_validate("blame", *arguments, cwd=tmp_path)):
        assert text_at(each["source"], tmp_path).strip("\"'") == str(each["value"])
