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

KUBERNETES = "1.37"
"""The version whose schemas are packed: the newest that the wheel carries."""
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
    folder /= f"v{KUBERNETES}.0-local-strict"
    definitions = json.loads((folder / "_definitions.json").read_text())["$defs"]
    pruned = {name: prune(schema) for name, schema in definitions.items()}
    shutil.rmtree(destination, ignore_errors=True)
    destination.mkdir(parents=True)
    count = 0
    for name, schema in definitions.items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            # Options objects (DeleteOptions …) carry every group; only real kinds have metadata.
            if "metadata" not in schema.get("properties", ()):
                continue
            needed = closure(name, pruned)
            packed = {"$ref": f"#/$defs/{name}", "$defs": {n: pruned[n] for n in sorted(needed)}}
            file = destination / f"{gvk['group']}_{gvk['version']}_{gvk['kind']}.json"
            file.write_text(json.dumps(packed, separators=(",", ":"), sort_keys=True))
            count += 1
    (destination / "VERSION").write_text(KUBERNETES)
    return count


def prune(schema: Any) -> Any:
    """A schema without prose, its references local, unknown fields refused."""
    if isinstance(schema, list):
        return [prune(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    branches = schema.get("oneOf", ())
    if branches and all(set(branch) == {"type"} for branch in branches):
        # IntOrString and Quantity: each branch admits null, so that `oneOf` would refuse null.
        return {"type": sorted({name for branch in branches for name in branch["type"]})}
    result: dict[str, Any] = {}
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
