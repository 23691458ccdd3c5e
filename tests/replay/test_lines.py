"""Values set by each means show their own line, and what they overrode, in a small overlay."""

import subprocess
from pathlib import Path

import pytest

from tests.test_kustomization import write
from validator.finding import Path as Field
from validator.kustomization import read_tree
from validator.manifest import parse, resources
from validator.replay.origins import Located, Origins
from validator.replay.values import Place

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: main
          image: app:1
          env:
            - name: HOST
              value: nobody
            - name: LEVEL
              value: info
          resources:
            limits: {memory: 1Gi}
"""
_PATCH = """\
# A comment first.
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
        - name: main
          env:
            - {name: LEVEL, value: debug}
"""
_OVERLAY = """\
resources: [../base]
components: [../component]
namePrefix: my-
images:
  - name: app
    newTag: "2"
replicas:
  - {name: api, count: 5}
configMapGenerator:
  - name: settings
    literals: [host=db.example]
    envs: [more.env]
patches:
  - path: patch.yaml
  - target: {kind: Deployment}
    patch: |
      - op: replace
        path: /spec/template/spec/containers/0/resources/limits/memory
        value: 2Gi
      - op: add
        path: /spec/paused
        value: true
replacements:
  - source: {kind: ConfigMap, name: settings, fieldPath: data.host}
    targets:
      - select: {kind: Deployment}
        fieldPaths: ["spec.template.spec.containers.[name=main].env.[name=HOST].value"]
"""
_COMPONENT = """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - target: {kind: Deployment}
    patch: "- {op: add, path: /spec/minReadySeconds, value: 7}\\n\\
      - {op: add, path: /spec/revisionHistoryLimit, value: 3}"
"""
_CONTAINER: Field = ("spec", "template", "spec", "containers", 0)


@pytest.fixture(scope="module")
def located(tmp_path_factory: pytest.TempPathFactory, renderers: dict[str, str]) -> "_Overlay":
    folder = tmp_path_factory.mktemp("lines")
    write(
        folder,
        base__kustomization="resources: [api.yaml]\n",
        base__api=_DEPLOYMENT,
        component__kustomization=_COMPONENT,
        overlay__kustomization=_OVERLAY,
        overlay__patch=_PATCH,
    )
    (folder / "overlay/more.env").write_text("# comment\n\nPORT=5432\n")
    return _Overlay(folder, renderers["v5.8.1"])


class _Overlay:
    def __init__(self, folder: Path, program: str) -> None:
        built = subprocess.run(
            [program, "build", folder / "overlay"], capture_output=True, text=True, check=True
        )
        self.render = resources(parse(built.stdout, "render"))
        self.folder = folder
        tree = read_tree(folder / "overlay", lambda path: str(path.relative_to(folder)))
        self.origins = Origins(tree.replayed, self.render)

    def at(self, kind: str, *path: str | int) -> Located:
        (resource,) = (each for each in self.render if each.kind == kind)
        return self.origins.locate(resource, path)

    def text(self, found: Located) -> str:
        """What is written at a place of one line."""
        source = found.source
        assert source.file
        assert source.line == source.end_line
        assert source.line
        assert source.column
        assert source.end_column
        line = (self.folder / source.file).read_text().split("\n")[source.line - 1]
        return line[source.column - 1 : source.end_column - 1]


def _overridden(found: Located) -> list[tuple[object, str]]:
    return [
        (each.value, str(each.place.source if isinstance(each.place, Place) else each.place))
        for each in found.overrides
    ]


@pytest.mark.parametrize(
    ("path", "place", "written", "overridden"),
    [
        ((*_CONTAINER, "env", 0, "value"), "overlay/patch.yaml:11", "debug", [("info", "base/api.yaml:16")]),
        (
            (*_CONTAINER, "resources", "limits", "memory"),
            "overlay/kustomization.yaml:19",
            "2Gi",
            [("1Gi", "base/api.yaml:18")],
        ),
        (("spec", "paused"), "overlay/kustomization.yaml:22", "true", []),
        (("spec", "replicas"), "overlay/kustomization.yaml:8", "5", [(1, "base/api.yaml:6")]),
        ((*_CONTAINER, "image"), "overlay/kustomization.yaml:6", '"2"', [("app:1", "base/api.yaml:11")]),
        (
            (*_CONTAINER, "env", 1, "value"),
            "overlay/kustomization.yaml:11",
            "db.example",
            [("nobody", "base/api.yaml:14")],
        ),
        (("spec", "minReadySeconds"), "component/kustomization.yaml:5", "7", []),
        (("spec", "revisionHistoryLimit"), "component/kustomization.yaml:6", "3", []),
        ((*_CONTAINER, "name"), "overlay/patch.yaml:9", "main", [("main", "base/api.yaml:10")]),
    ],
)
def test_a_value_shows_its_own_line(
    located: _Overlay, path: Field, place: str, written: str, overridden: list[tuple[object, str]]
) -> None:
    found = located.at("Deployment", *path)
    assert (str(found.source), located.text(found), found.source.certainty) == (place, written, "exact")
    assert _overridden(found) == overridden


@pytest.mark.parametrize(
    ("key", "place", "written"),
    [("host", "overlay/kustomization.yaml:11", "db.example"), ("PORT", "overlay/more.env:3", "5432")],
)
def test_a_generated_value_shows_its_own_line(located: _Overlay, key: str, place: str, written: str) -> None:
    found = located.at("ConfigMap", "data", key)
    assert (str(found.source), located.text(found), found.source.certainty) == (place, written, "exact")


def test_an_image_shows_the_place_of_each_part(located: _Overlay) -> None:
    parts = located.at("Deployment", *_CONTAINER, "image").parts
    assert [
        (part.text, str(part.place.source if isinstance(part.place, Place) else part.place)) for part in parts
    ] == [("app", "base/api.yaml:11"), ("2", "overlay/kustomization.yaml:6")]


def test_a_prefixed_name_shows_the_place_of_each_part(located: _Overlay) -> None:
    parts = located.at("Deployment", "metadata", "name").parts
    assert [
        (part.text, str(part.place.source if isinstance(part.place, Place) else part.place)) for part in parts
    ] == [("my-", "overlay/kustomization.yaml:3"), ("api", "base/api.yaml:4")]


def test_an_absent_field_shows_its_nearest_parent_in_the_base(located: _Overlay) -> None:
    found = located.at("Deployment", *_CONTAINER, "livenessProbe", "httpGet")
    assert str(found.source) == "base/api.yaml:10"
    found = located.at("Deployment", *_CONTAINER, "resources", "requests", "cpu")
    assert str(found.source) == "base/api.yaml:17"
