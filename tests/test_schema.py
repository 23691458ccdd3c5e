"""The schemas: all compile, agree with the library they come from, and are as strict as the server."""

import json
from pathlib import Path

import kubernetes_validate
import pytest

import validator.schema
from tests.deploy.manifests import OVERLAYS, objects
from validator.manifest import Resource, parse, resources
from validator.schema import Schemas, from_openapi, scope_flags

FOLDER = Path(validator.schema.__file__).with_name("schemas")


def object_of(text: str) -> Resource:
    (found,) = resources(parse(text, "x.yaml"))
    return found


def test_every_bundled_schema_compiles() -> None:
    schemas = Schemas()
    files = [*(FOLDER / "packed").glob("*.json"), *(FOLDER / "crds").glob("*.json")]
    assert len(files) > 150
    for file in files:
        group, version, kind = file.stem.split("_")
        assert schemas.knows(f"{group}/{version}" if group else version, kind), file.name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_object_of_ours_is_refused_by_us_or_by_the_library(overlay: str) -> None:
    schemas = Schemas()
    for each in objects(f"overlays/{overlay}"):
        resource = object_of(json.dumps(each))
        assert schemas.knows(resource.ref.api_version, resource.kind)
        assert schemas.faults(resource) == []
        if not each["apiVersion"].startswith(("external-secrets.io", "monitoring.coreos.com")):
            kubernetes_validate.validate(each, schemas.version, strict=True)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ('"replicas": 2', None),
        ('"replicas": "2"', ("spec", "replicas")),
        ('"replica": 2', ("spec", "replica")),
        (
            '"strategy": {"rollingUpdate": {"maxSurge": true}}',
            ("spec", "strategy", "rollingUpdate", "maxSurge"),
        ),
        ('"minReadySeconds": 1.5', ("spec", "minReadySeconds")),
    ],
)
def test_faults_are_those_of_the_library(change: str, path: tuple[str, ...] | None) -> None:
    template = '{"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}}'
    spec = f'{{"selector": {{"matchLabels": {{"a": "b"}}}}, "template": {template}, {change}}}'
    text = f'{{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "x"}}, "spec": {spec}}}'
    faults = Schemas().faults(object_of(text))
    if path is None:
        assert faults == []
        kubernetes_validate.validate(json.loads(text), "1.37", strict=True)
    else:
        assert [f.path for f in faults] == [path]
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(json.loads(text), "1.37", strict=True)


def test_a_secrets_value_is_never_in_a_message() -> None:
    secret = "{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {password: [hunter2], key: 12345}}"
    messages = " ".join(f.message for f in Schemas().faults(object_of(secret)))
    assert messages
    assert "hunter2" not in messages
    assert "12345" not in messages


@pytest.mark.parametrize(
    ("written", "scoped"),
    [
        ("(?i)abc", "(?i:abc)"),
        ("a(?i)b|c", "a(?i:b|c)"),
        ("(a(?s)b)c", "(a(?s:b))c"),
        (r"\(?i)", r"\(?i)"),
        ("[(?i)]", "[(?i)]"),
    ],
)
def test_flags_of_go_patterns(written: str, scoped: str) -> None:
    assert scope_flags(written) == scoped


def test_structural_schemas_refuse_unknown_fields_unless_told_to_keep_them() -> None:
    closed = from_openapi({"type": "object", "properties": {"a": {"type": "string"}}}, root=False)
    assert closed["additionalProperties"] is False
    assert closed["properties"]["a"]["type"] == ["string", "null"]
    kept = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"a": {"type": "string"}},
    }
    assert "additionalProperties" not in from_openapi(kept, root=False)
