"""What is easily got wrong, each in the smallest overlay that shows it: every leaf is proved."""

import pytest

from tests.replay.sentinels import Case, Kustomize, prove

_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: apiNN}
spec:
  containers:
    - name: main
      image: "reg.example:5000/app:1@sha256:00"
      ports:
        - containerPort: 80
          name: http
        - {containerPort: 81, protocol: UDP}
"""
_MERGE = """\
resources: [pod.yaml]
patches:
  - patch: |
      apiVersion: v1
      kind: Pod
      metadata: {name: apiNN}
      spec: {containers: [{name: main, ports: [%s]}]}
"""
_TRAPS: dict[str, dict[str, str]] = {
    "a port with a protocol over one without is lost": {
        "kustomization.yaml": _MERGE % "{containerPort: 80, protocol: TCP, name: lost}",
        "pod.yaml": _POD,
    },
    "a port without a protocol over one with it is lost": {
        "kustomization.yaml": _MERGE % "{containerPort: 81, name: lost}",
        "pod.yaml": _POD,
    },
    "a new port comes first": {
        "kustomization.yaml": _MERGE % "{containerPort: 82, name: new}, {containerPort: 80, hostPort: 8}",
        "pod.yaml": _POD,
    },
    "a secret longer than a line of base64, and one as long": {
        "kustomization.yaml": "secretGenerator:\n  - name: longNN\n    literals:\n"
        + "".join(f"      - k{length}={'x' * length}\n" for length in (51, 52, 53, 54, 120)),
    },
    "a merged secret has the type of the last generator": {
        "kustomization.yaml": "resources: [base]\nsecretGenerator:\n"
        "  - {name: sNN, behavior: merge, type: example.org/last, literals: [b=2]}\n",
        "base/kustomization.yaml": "secretGenerator: [{name: sNN, type: a.org/first, literals: [a=1]}]\n",
    },
    "an image by tag suffix, and by name": {
        "kustomization.yaml": "resources: [pod.yaml]\nimages:\n"
        "  - {name: reg.example:5000/app, newName: other/app}\n",
        "pod.yaml": _POD,
    },
    "a piece of a literal": {
        "kustomization.yaml": "resources: [pod.yaml]\n"
        'configMapGenerator: [{name: cNN, literals: ["host=\\"db.example.org\\""]}]\n'
        "replacements:\n  - source:\n      kind: ConfigMap\n      name: cNN\n      fieldPath: data.host\n"
        "      options: {delimiter: ., index: 1}\n"
        "    targets: [{select: {kind: Pod}, fieldPaths: [metadata.annotations.of],"
        " options: {create: true}}]\n",
        "pod.yaml": _POD,
    },
    "patches in quotes": {
        "kustomization.yaml": "resources: [pod.yaml]\npatches:\n"
        "  - target: {kind: Pod}\n"
        '    patch: "[{\\"op\\": \\"add\\", \\"path\\": \\"/spec/hostname\\", \\"value\\": \\"\\u00e9\\"}]"\n'
        "  - target: {kind: Pod}\n"
        '    patch: \'[{"op": "add", "path": "/spec/subdomain",\n\n      "value": "it\'\'s"}]\'\n',
        "pod.yaml": _POD,
    },
    "keys written twice": {
        "kustomization.yaml": "resources: [pod.yaml]\npatches:\n  - target: {kind: Pod}\n"
        "    patch: |\n      - {op: add, path: /spec/hostname, value: no}\n"
        "  - target: {kind: Pod}\n"
        '    patch: \'[{"op": "add", "path": "/spec/hostname", "value": "one", "value": "two"}]\'\n',
        "pod.yaml": _POD,
    },
    "anchors, tags and aliases": {
        "kustomization.yaml": "resources: [map.yaml]\n",
        "map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: &n namedNN}\ndata:\n"
        "  a: &a first\n  b: *a\n  c: !!str 5\n  d: &d 'quoted'\n  e: *d\n",
    },
    "an environment file with Windows' line ends": {
        "kustomization.yaml": "configMapGenerator: [{name: cNN, envs: [a.env]}]\r\n",
        "a.env": "ONE=1\r\n# no\r\n\r\n  TWO=zwei\u2028drei\r\n",
    },
    "block scalars and text that is not ASCII": {
        "kustomization.yaml": "resources: [map.yaml]\n",
        "map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: käseNN}\ndata: # ü\n"
        '  ä: {} \n  b: |\n    two\n    lines\n\n  c: >-\n    fold\n    ed\n  "ü": "é" # ä\n'.replace(
            "  ä: {} \n", ""
        ),
    },
    "a target by patterns, whose patch has another name": {
        "kustomization.yaml": "resources: [pod.yaml]\nnamespace: space\npatches:\n"
        '  - target: {kind: "P.d", name: "a.*", namespace: default}\n'
        "    patch: '{apiVersion: v1, kind: Pod, metadata: {name: other}, spec: {hostname: h}}'\n"
        '  - target: {kind: Po}\n    patch: \'[{"op": "remove", "path": "/spec"}]\'\n',
        "pod.yaml": _POD,
    },
}


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory, renderers: dict[str, str]) -> dict[str, Case]:
    """All traps, built together; `NN` in names keeps their objects apart."""
    top = tmp_path_factory.mktemp("traps")
    cases = {}
    for number, (trap, files) in enumerate(_TRAPS.items()):
        folder = top / f"case{number}"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.replace("NN", f"n{number}").encode())
        cases[trap] = Case(folder, folder)
    prove(list(cases.values()), Kustomize(renderers["v5.8.1"], top), identifying=6)
    return cases


@pytest.mark.parametrize("trap", _TRAPS)
def test_every_leaf_is_right(trap: str, proved: dict[str, Case]) -> None:
    case = proved[trap]
    assert case.leaves, case.refused
    assert not case.notes
    count = case.count()
    assert count["right"] > count["refused"]
    assert count["wrong"] == count["undecided"] == 0
