"""Build hook: pack the JSON Schemas of Kubernetes, one small file a kind.

The schemas come from the kubernetes-validate wheel (the `-local-strict` set, made from Kubernetes'
own OpenAPI description), which holds 100 MB for all versions. A packed file holds one kind with just
the definitions it needs and no prose, so that a run loads a few kilobytes a kind.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST, NEWEST = 25, 37
"""The minor versions that the wheel carries; what came before the first is there from the beginning."""
KUBERNETES = f"1.{NEWEST}"
"""The version whose schemas are packed."""
INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}
RELAXED = {
    "io.k8s.api.core.v1.LimitRangeSpec": {"limits"},
    "io.k8s.api.core.v1.Sysctl": {"value"},
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion": {"served"},
}
"""Fields that are described as required, and that the server does without."""
_KEPT = {
    "$ref",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "const",
}


def pack(destination: Path) -> int:
    """Write `<group>_<version>_<Kind>.json` files and `VERSION`; returns how many kinds there are."""
    import kubernetes_validate

    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    versions = {
        minor: json.loads((folder / f"v1.{minor}.0-local-strict" / "_definitions.json").read_text())["$defs"]
        for minor in range(OLDEST, NEWEST + 1)
    }
    definitions = versions[NEWEST]
    pruned = {name: prune(schema) for name, schema in definitions.items()}
    add_enums(pruned)
    for name, fields in RELAXED.items():
        pruned[name]["required"] = [field for field in pruned[name]["required"] if field not in fields]
    shutil.rmtree(destination, ignore_errors=True)
    destination.mkdir(parents=True)
    count = 0
    kinds = {minor: kinds_of(version) for minor, version in versions.items()}
    served = {
        f"{group}/{version} {kind}": [min(minors), 0 if max(minors) == NEWEST else max(minors) + 1]
        for group, version, kind in sorted({gvk for found in kinds.values() for gvk in found})
        if (minors := [minor for minor, found in kinds.items() if (group, version, kind) in found])
    }
    (destination / "SERVED").write_text(json.dumps(served, separators=(",", ":")))
    growth = Growth(versions)
    for name, schema in definitions.items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            # Options objects (DeleteOptions …) carry every group; only real kinds have metadata.
            if "metadata" not in schema.get("properties", ()):
                continue
            needed = closure(name, pruned)
            packed = {"$ref": f"#/$defs/{name}", "$defs": {n: pruned[n] for n in sorted(needed)}}
            key = (gvk["group"], gvk["version"], gvk["kind"])
            if since := growth.of(tuple(found.get(key) for found in kinds.values())):
                packed["since"] = since
            file = destination / f"{gvk['group']}_{gvk['version']}_{gvk['kind']}.json"
            file.write_text(json.dumps(packed, separators=(",", ":"), sort_keys=True))
            count += 1
    (destination / "VERSION").write_text(KUBERNETES)
    return count


def add_enums(definitions: dict[str, Any]) -> None:
    """The words that a field takes, which Kubernetes' published description leaves out."""
    enums = json.loads((Path(__file__).parent / "validator" / "schemas" / "enums.json").read_text())
    for name, fields in enums.items():
        properties = definitions.get(name, {}).get("properties", {})
        for field in properties.keys() & fields.keys():
            schema = properties[field]
            if "items" in schema:
                schema["items"]["enum"] = fields[field]
            else:
                # To Go, an empty word of an optional field is an absent one, and the default counts.
                empty = () if field in definitions[name].get("required", ()) else ("", None)
                schema["enum"] = [*fields[field], *empty]


def kinds_of(definitions: dict[str, Any]) -> dict[tuple[str, str, str], str]:
    """The definition of each kind of a version."""
    return {
        (gvk["group"], gvk["version"], gvk["kind"]): name
        for name, schema in definitions.items()
        for gvk in schema.get("x-kubernetes-group-version-kind", ())
        if "metadata" in schema.get("properties", ())
    }


class Growth:
    """Which fields came after the first version that has their parent.

    By path and not by definition, because a definition may be split without any change of the fields.
    """

    def __init__(self, versions: dict[int, dict[str, Any]]) -> None:
        self._versions = versions
        self._known: dict[tuple[str | None, ...], dict[str, Any]] = {}

    def of(self, names: tuple[str | None, ...]) -> dict[str, Any]:
        """field → its first minor version, or the same below it; `names` are the definitions by version."""
        if names in self._known:
            return self._known[names]
        self._known[names] = {}  # a definition that holds itself is told at its first level
        holders = [
            self._versions[minor].get(name, {}).get("properties", {}) if name else None
            for minor, name in zip(self._versions, names, strict=True)
        ]
        begun = next((i for i, holder in enumerate(holders) if holder is not None), 0)
        found: dict[str, Any] = {}
        for field in holders[-1] or ():
            having = [i for i, holder in enumerate(holders) if holder and field in holder]
            if having[0] > begun:
                found[field] = OLDEST + having[0]
                continue
            below = tuple(
                definition(holder[field]) if holder and field in holder else None for holder in holders
            )
            if below[-1] and (inner := self.of(below)):
                found[field] = {"*": inner} if "additionalProperties" in (holders[-1] or {})[field] else inner
        self._known[names] = found
        return found


def definition(schema: dict[str, Any]) -> str | None:
    """The definition that a field's value, its items or its entries have."""
    while "$ref" not in schema:
        inner = schema.get("items") or schema.get("additionalProperties")
        if not isinstance(inner, dict):
            return None
        schema = inner
    return str(schema["$ref"]).rpartition("/")[2]


def prune(schema: Any) -> Any:
    """A schema without prose, its references local, unknown fields refused."""
    if isinstance(schema, list):
        return [prune(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    branches = schema.get("oneOf", ())
    if branches and all(set(branch) == {"type"} for branch in branches):
        # IntOrString and Quantity: each branch admits null, so that `oneOf` would refuse null.
        kinds = sorted({name for branch in branches for name in branch["type"]})
        return {"type": kinds, **(INT32 if "integer" in kinds else {})}
    result: dict[str, Any] = dict(INT32) if schema.get("format") == "int32" else {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: prune(each) for name, each in value.items()}
        elif key == "$ref":
            result[key] = "#/$defs/" + value.rpartition("/")[2]
        elif key in _KEPT:
            result[key] = prune(value)
    return result


def closure(name: str, definitions: dict[str, Any]) -> set[str]:
    """The names of all definitions that one needs, itself included."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += references(definitions[current])
    return found


def references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for item in schema for name in references(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].rpartition("/")[2]] if isinstance(schema.get("$ref"), str) else []
    return own + [name for value in schema.values() for name in references(value)]


class SchemaBuildHook(BuildHookInterface[BuilderConfig]):
    """Runs for wheels and for editable installs alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        pack(Path(self.root) / "validator" / "schemas" / "packed")


if __name__ == "__main__":
    print(pack(Path(__file__).parent / "validator" / "schemas" / "packed"), "kinds packed")
