"""Kubernetes and CRD schemas: which there are, and what an object does wrong by them.

Built-in kinds come from `schemas/packed` (made when the package is built), operators' kinds from
`schemas/crds`, and kinds that the target itself defines from its CustomResourceDefinitions. Each
schema is loaded and compiled when the first object of its kind is met.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, NamedTuple

from validator.config import nearest
from validator.finding import Path, show_path
from validator.manifest import Resource, dig, holds_null, mapping, sequence

if TYPE_CHECKING:
    import jsonschema_rs

_FOLDER = FilePath(__file__).with_name("schemas")


class SchemaFault(NamedTuple):
    """One thing the server's schema refuses: the field and the reason."""

    path: Path
    message: str


class _Compiled(NamedTuple):
    """A schema and its validator; both None for a kind that has none."""

    schema: Any
    validator: "jsonschema_rs.Draft7Validator | None"


class Schemas:
    """All schemas at hand; `definitions` are the target's own CustomResourceDefinition objects."""

    def __init__(self, definitions: list[Resource] | None = None) -> None:
        self._definitions = definitions or []
        self._compiled: dict[tuple[str, str], _Compiled] = {}

    @cached_property
    def version(self) -> str:
        """The Kubernetes version of the built-in kinds, such as `1.37`."""
        return (_FOLDER / "packed" / "VERSION").read_text(encoding="utf-8")

    @cached_property
    def _own(self) -> dict[tuple[str, str], dict[str, Any]]:
        found = {}
        for definition in self._definitions:
            spec = mapping(definition.get("spec"))
            kind = mapping(spec.get("names")).get("kind")
            for version in sequence(spec.get("versions")):
                schema = mapping(mapping(mapping(version).get("schema")).get("openAPIV3Schema"))
                if not schema:
                    continue
                api_version = f"{spec.get('group')}/{mapping(version).get('name')}"
                try:
                    found[api_version, str(kind)] = from_openapi(schema)
                except (AttributeError, TypeError):
                    continue  # malformed, which the definition's own schema reports
        return found

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether objects of this kind can be checked."""
        return self.validator(api_version, kind) is not None

    def validator(self, api_version: str, kind: str) -> "jsonschema_rs.Draft7Validator | None":
        """The compiled schema of a kind, or None."""
        key = (api_version, kind)
        if key not in self._compiled:
            own = self._own.get(key)
            self._compiled[key] = _bundled(*key) if own is None else _compile(own)
        return self._compiled[key].validator

    def since(self, api_version: str, kind: str) -> dict[str, Any]:
        """Fields that came later than their kind, by path, with their first minor version."""
        self.validator(api_version, kind)
        found: dict[str, Any] = mapping(mapping(self._compiled[api_version, kind].schema).get("since"))
        return found

    def faults(self, resource: Resource) -> list[SchemaFault]:
        """What the schema refuses in an object; nothing when the kind is unknown."""
        if self.validator(resource.ref.api_version, resource.ref.kind) is None:
            return []
        compiled = self._compiled[resource.ref.api_version, resource.ref.kind]
        value, secret = resource.value, resource.kind == "Secret"
        if holds_null(value):
            value = _decoded(value, compiled.schema, compiled.schema)
        try:
            faults = set(_faults(compiled, value, secret))
            if "$defs" not in compiled.schema:
                faults |= set(_operators(compiled.schema, value))
        except ValueError as error:  # a value JSON cannot hold, such as .nan or a 30-digit integer
            return [SchemaFault((), f"cannot be written as JSON: {error}")]
        return sorted(faults, key=_order)


def prepare(kinds: Iterable[tuple[str, str]]) -> None:
    """Load and compile the bundled schemas of (apiVersion, kind) pairs, to have them when objects come."""
    for api_version, kind in kinds:
        _bundled(api_version, kind)


@cache
def _bundled(api_version: str, kind: str) -> _Compiled:
    group, _, version = api_version.rpartition("/")
    name = f"{group}_{version}_{kind}.json"
    if "/" not in name:
        for folder in ("packed", "crds"):
            with suppress(OSError):
                return _compile(json.loads((_FOLDER / folder / name).read_bytes()))
    return _Compiled(None, None)


def _compile(schema: Any) -> _Compiled:
    import jsonschema_rs

    with suppress(ValueError):
        return _Compiled(schema, jsonschema_rs.Draft7Validator(schema))
    with suppress(ValueError):  # a pattern in Go's dialect, or else a schema that is none
        return _Compiled(schema, jsonschema_rs.Draft7Validator(_portable(schema)))
    return _Compiled(schema, None)


def _faults(compiled: _Compiled, value: Any, secret: bool) -> Iterator[SchemaFault]:
    if compiled.validator is not None and not compiled.validator.is_valid(value):
        for error in compiled.validator.iter_errors(value):
            yield from _explain(error, value, compiled.schema, secret)


def _operators(schema: Any, value: Any) -> Iterator[SchemaFault]:
    """Asked of operators' kinds beside their schema: metadata, and unique keys in lists that are maps."""
    yield from _faults(_bundled("v1", "ConfigMap"), {"metadata": value.get("metadata")}, secret=False)
    yield from _repeated(value, schema, ())


def _repeated(value: Any, schema: Any, path: Path) -> Iterator[SchemaFault]:
    if type(value) is dict:
        fields, others = mapping(schema.get("properties")), mapping(schema.get("additionalProperties"))
        for key, child in value.items():
            if type(child) in (dict, list):
                yield from _repeated(child, mapping(fields.get(key, others)), (*path, key))
        return
    keys, seen = schema.get(_MAP_KEYS), set()
    for index, item in enumerate(value):
        if type(item) not in (dict, list):
            continue
        here = (*path, index)
        if keys and type(item) is dict:
            identity = tuple(json.dumps(item.get(key)) for key in keys)
            if identity in seen:
                said = ", ".join(f"{key} {item.get(key)}" for key in keys)
                yield _fault(here, f"a second item has {said}")
            seen.add(identity)
        yield from _repeated(item, mapping(schema.get("items")), here)


_EMPTY: dict[str, Any] = {
    "object": {},
    "array": [],
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
}


def _decoded(value: Any, schema: Any, root: Any) -> Any:
    """The value as the server decodes it: a null field is absent, a null item is empty.

    Operators' kinds (those without `$defs`) know null items, and required fields that may be null.
    """
    built_in = "$defs" in root
    while "$ref" in (schema := mapping(schema)):
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if type(value) is dict:
        fields, others = mapping(schema.get("properties")), schema.get("additionalProperties")
        needed = () if built_in else sequence(schema.get("required"))
        return {
            key: _decoded(child, fields.get(key, others), root)
            for key, child in value.items()
            if child is not None or key in needed or (others is False and key not in fields)
        }
    if type(value) is list:
        return [_decoded(item, schema.get("items"), root) for item in value]
    if value is None and built_in:
        kinds = schema.get("type")
        return _EMPTY.get(kinds if type(kinds) is str else next(iter(kinds or ()), ""))
    return value


def _order(fault: SchemaFault) -> tuple[list[str], str]:
    return [str(key) for key in fault.path], fault.message


def _explain(error: Any, root: Any, schema: Any, secret: bool) -> Iterator[SchemaFault]:
    """One schema error in a person's words, with the path of the field at fault."""
    path: Path = tuple(error.instance_path)
    kind = error.kind
    match kind.name:
        case "additionalProperties":
            known = mapping(dig(schema, *error.schema_path[:-1], "properties"))
            for field in kind.unexpected:
                yield SchemaFault(
                    (*path, field), _said(path, f"unknown field `{field}`{nearest(field, known)}")
                )
        case "required":
            yield _fault(path, f"required field `{kind.property}` is missing")
        case "type":
            wanted = [t for t in kind.types if t != "null"] or ["null"]
            given = _value(root, path)
            yield _fault(path, f"expected {' or '.join(wanted)}, got {_spoken(given, secret)}")
        case "enum":
            options = [option for option in kind.options if option]
            given = _value(root, path)
            shown = ", ".join(str(o) for o in options[:12])
            near = nearest(str(given), [str(o) for o in options])
            yield _fault(path, f"{_spoken(given, secret)} is not one of {shown}{near}")
        case "oneOf" | "anyOf":
            branches: list[list[Any]] = [list(branch) for branch in (getattr(kind, "context", None) or [])]
            types = {t for b in branches for e in b if e.kind.name == "type" for t in e.kind.types}
            if types and all(len(b) == 1 and b[0].kind.name == "type" for b in branches):
                either = " or ".join(sorted(types - {"null"}))
                yield _fault(path, f"expected {either}, got {_spoken(_value(root, path), secret)}")
            else:
                yield _fault(path, _message(error, secret))
        case _:
            yield _fault(path, _message(error, secret))


def _fault(path: Path, message: str) -> SchemaFault:
    return SchemaFault(path, _said(path, message))


def _said(path: Path, message: str) -> str:
    """With the field: one line may hold many, and an overlay's finding has no line of its own."""
    return f"{show_path(path)}: {message}" if path else message


def _message(error: Any, secret: bool) -> str:
    return f"violates the schema's `{error.kind.name}`" if secret else str(error.message)


def _value(root: Any, path: Path) -> Any:
    for key in path:
        root = root[key]
    return root


def _spoken(value: Any, secret: bool) -> str:
    """A value as a message may show it: its type, and itself when short and not a secret."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    kind = "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
    if secret:
        return f"a {kind}"
    shown = json.dumps(value, ensure_ascii=False)
    return f"the {kind} {shown if len(shown) <= 60 else shown[:57] + '…'}"


_FLAGS = re.compile(r"\(\?([ims]+)\)")


def _portable(schema: Any) -> Any:
    """The schema with Go's patterns made readable to ECMA engines; one that cannot be is left out."""
    if isinstance(schema, list):
        return [_portable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _portable(value) for key, value in schema.items()}
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        import jsonschema_rs

        result["pattern"] = scope_flags(pattern)
        try:
            jsonschema_rs.Draft7Validator({"pattern": result["pattern"]})
        except ValueError:
            del result["pattern"]
    return result


def scope_flags(pattern: str) -> str:
    """`a(?i)b|c` as `a(?i:b|c)`: in Go a flag holds to the end of its group."""
    written: list[str] = []
    opened = [0]
    position, in_class = 0, False
    while position < len(pattern):
        character = pattern[position]
        flags = _FLAGS.match(pattern, position)
        if character == "\\":
            written.append(pattern[position : position + 2])
            position += 2
            continue
        if in_class:
            in_class = character != "]"
        elif flags:
            written.append(f"(?{flags[1]}:")
            opened[-1] += 1
            position = flags.end()
            continue
        elif character == "[":
            in_class = True
        elif character == "(":
            opened.append(0)
        elif character == ")" and len(opened) > 1:
            written.append(")" * opened.pop())
        written.append(character)
        position += 1
    return "".join(written) + ")" * sum(opened)


_MAP_KEYS = "x-kubernetes-list-map-keys"
_KEPT = frozenset(
    "type required enum pattern minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength "
    "minItems maxItems minProperties maxProperties oneOf anyOf allOf not".split()
)


def from_openapi(schema: dict[str, Any], *, root: bool = True) -> dict[str, Any]:
    """A CRD's structural schema as strict JSON Schema: unknown fields refused, as the server does.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
    (structural schemas, pruning, `x-kubernetes-*`). CEL rules are not evaluated.
    """
    if schema.get("x-kubernetes-int-or-string"):
        result: dict[str, Any] = {"type": ["integer", "string", "null"]}
        if "pattern" in schema:
            result["pattern"] = schema["pattern"]
        return result
    result = {key: value for key, value in schema.items() if key in _KEPT}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get(
        "x-kubernetes-embedded-resource"
    )
    if "properties" in schema:
        # The server fills in defaults before it asks what is required.
        children = mapping(schema["properties"])
        required = [n for n in schema.get("required", ()) if "default" not in mapping(children.get(n))]
        if "required" in result:
            result["required"] = required
        result["properties"] = {}
        for name, child in schema["properties"].items():
            converted = from_openapi(child, root=False)
            if name not in required and isinstance(converted.get("type"), str):
                converted["type"] = [converted["type"], "null"]
                if "enum" in converted and None not in converted["enum"]:
                    converted["enum"] = [*converted["enum"], None]
            result["properties"][name] = converted
        if root:
            for name in ("apiVersion", "kind"):
                result["properties"].setdefault(name, {"type": "string"})
            result["properties"]["metadata"] = {"type": "object"}
        if not open_ended and "additionalProperties" not in schema:
            result["additionalProperties"] = False
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        result["additionalProperties"] = from_openapi(extra, root=False)
    elif extra is not None:
        result["additionalProperties"] = extra
    if "items" in schema:
        result["items"] = from_openapi(schema["items"], root=False)
        if schema.get("x-kubernetes-list-type") == "set":
            result["uniqueItems"] = True
        if keys := schema.get(_MAP_KEYS):
            result[_MAP_KEYS] = keys
    if schema.get("nullable") and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    return result
