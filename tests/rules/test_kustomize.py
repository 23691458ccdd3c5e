"""What the rules on kustomizations advise, tried with the real programs."""

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.rules.examples import Example, sections
from tests.rules.overlays import build
from validator.config import Settings
from validator.rule import Rule, discover

RULES = {rule.id: rule for rule in discover()}
DEPRECATED, MISSED = RULES["kustomize.deprecated-field"], RULES["references.hash-suffix-missed"]
_MORE_DEPRECATED = """
# file: kustomization.yaml
resources: [deployment.yaml]
imageTags: [{name: trading/api, newTag: v2}]
images: [{name: trading/web, newTag: v2}]
patchesJson6902:
  - target: {group: apps, version: v1, kind: Deployment, name: example}
    patch: |
      - {op: replace, path: /spec/replicas, value: 3}
# file: deployment.yaml
kind: Deployment
spec:
  replicas: 2
  template: {spec: {containers: [{name: api, image: trading/api}, {name: web, image: trading/web}]}}
"""
_REPLACED = _MORE_DEPRECATED.replace(
    """imageTags: [{name: trading/api, newTag: v2}]
images: [{name: trading/web, newTag: v2}]
patchesJson6902:""",
    """images: [{name: trading/web, newTag: v2}, {name: trading/api, newTag: v2}]
patches:""",
)


def examples(rule: Rule) -> list[str]:
    blocks = sections(rule.text)
    return [blocks["Bad"], blocks["Good"]]


@pytest.mark.parametrize("version", ["v5.5.0", "v5.8.1"])
@pytest.mark.parametrize("pair", [examples(DEPRECATED), [_MORE_DEPRECATED, _REPLACED]], ids=["own", "more"])
def test_replacements_of_deprecated_fields_render_the_same(
    pair: list[str], version: str, renderers: dict[str, str], tmp_path: Path
) -> None:
    found = []
    for number, text in enumerate(pair):
        overlay = build(Example.read(DEPRECATED.id, text), tmp_path / str(number), renderers[version])
        reported = overlay.judge([DEPRECATED], frozenset(), complete=True)
        assert bool(reported) == (number == 0)
        found.append([resource.value for resource in overlay.sources.resources])
    assert found[0] == found[1]


def test_the_name_reference_of_the_message_teaches_kustomize_the_field(tmp_path: Path) -> None:
    bad = examples(MISSED)[0]
    overlay = build(Example.read(MISSED.id, bad), tmp_path / "bad")
    (finding,) = overlay.judge([MISSED], frozenset(), complete=True)
    advice = re.search(r"nameReference: .*", finding.message)
    assert advice
    taught = bad.replace("resources:", "configurations: [taught.yaml]\nresources:", 1)
    taught += f"\n# file: taught.yaml\n{advice[0]}\n"
    overlay = build(Example.read(MISSED.id, taught), tmp_path / "taught")
    assert overlay.judge([MISSED], frozenset(), complete=True) == []


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A web server with one manifest, at a tag's path and at a branch's."""
    for name in ("v1.2.0", "main"):
        file = tmp_path / "served" / name / "account.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(f"apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: of-{name}}}\n")
    handler = partial(_Quiet, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print no line a request."""


def test_a_remote_file_is_pinned_by_its_path(address: str, tmp_path: Path) -> None:
    unpinned = RULES["kustomize.remote-unpinned"]
    kustomization = f"resources:\n- {address}/v1.2.0/account.yaml\n- {address}/main/account.yaml\n"
    example = Example("", Settings(), None, frozenset(), files={"kustomization.yaml": kustomization})
    overlay = build(example, tmp_path / "overlay", remote=True)
    found = overlay.judge([unpinned], frozenset(), complete=True)
    assert overlay.places(found) == {("kustomization.yaml", 3)}, [f.message for f in found]
