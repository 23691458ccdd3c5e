"""ConfigMaps and Secrets that a kustomization generates (api/internal/generators, api/kv)."""

import base64
from collections.abc import Iterator
from pathlib import Path

from validator.replay.objects import Identity, Replayed, by_identity
from validator.replay.sources import Files, as_origin, environment, whole_file
from validator.replay.values import Part, Place, Value

KINDS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
_LINE = 70
"""Characters of a line of base64; a text that has more than one ends each with a line break."""


def generate(files: Files, folder: Path, layer: Value, objects: list[Replayed]) -> None:
    """Add what a layer generates to its objects, or merge it into one that is there."""
    for field, kind in KINDS.items():
        for entry in layer.items(field):
            made = _made(files, folder, kind, entry, layer.get("generatorOptions"))
            behaviour = entry.string("behavior")
            if behaviour in ("merge", "replace"):
                identity = Identity("", "v1", kind, entry.string("name"), entry.string("namespace"))
                there = by_identity(objects, identity)
                if there is not None:
                    _absorb(there, made, behaviour)
            else:
                objects.append(made)


def _made(files: Files, folder: Path, kind: str, entry: Value, common: Value | None) -> Replayed:
    name = entry.get("name") or Value("", entry.place)
    metadata: dict[str, Value] = {"name": name.copy()}
    if (namespace := entry.get("namespace")) is not None:
        metadata["namespace"] = namespace.copy()
    place = entry.place
    fields = {
        "apiVersion": Value("v1", as_origin(place)),
        "kind": Value(kind, as_origin(place)),
        "metadata": Value(metadata, place),
    }
    data: dict[str, Value] = {}
    binary: dict[str, Value] = {}
    for key, value in _pairs(files, folder, entry):
        if kind == "Secret":
            value = _encoded(value)
        (binary if value is None else data)[key] = value
    if data:
        fields["data"] = Value(data, place)
    if kind == "Secret":
        fields["type"] = (entry.get("type") or Value("Opaque", as_origin(place))).copy()
    options = [each for each in (common, entry.get("options")) if each is not None]
    for what in ("labels", "annotations"):
        given = {key: value.copy() for each in options for key, value in each.fields(what).items()}
        if given:
            metadata[what] = Value(given, place)
    for each in options:
        if (fixed := each.get("immutable")) is not None and fixed.content is True:
            fields["immutable"] = fixed.copy()
    unhashed = [each.scalar("disableNameSuffixHash") for each in options]
    source = as_origin(place)
    return Replayed(Value(fields, place), source, hashed=True not in unhashed)


def _pairs(files: Files, folder: Path, entry: Value) -> Iterator[tuple[str, Value]]:
    for listed in (*entry.items("envs"), *([entry.get("env")] if entry.get("env") else [])):
        path = folder / str(listed.content if listed else "")
        text = files.text(path)
        if text is not None:
            yield from environment(path, text, files.show(path))
    for literal in entry.items("literals"):
        if type(literal.content) is str and "=" in literal.content:
            yield _literal(literal)
    for named in entry.items("files"):
        if type(named.content) is str:
            key, equals, file = named.content.partition("=")
            path = folder / (file if equals else named.content)
            text = files.text(path)
            if text is not None:
                yield key if equals else path.name, whole_file(text, files.show(path))


def _literal(literal: Value) -> tuple[str, Value]:
    key, _, text = literal.content.partition("=")
    start = len(key) + 1
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text, start = text[1:-1], start + 1
    place = literal.place
    if isinstance(place, Place):
        place = place._replace(within=(start, start + len(text)))
    return key.strip(), Value(text, place)


def _encoded(value: Value) -> Value:
    text = base64.b64encode(value.content.encode()).decode()
    if len(text) >= _LINE:
        text = "".join(text[start : start + _LINE] + "\n" for start in range(0, len(text), _LINE))
    return Value(text, value.place, (Part(value.content, value.place),))


def _absorb(there: Replayed, made: Replayed, behaviour: str) -> None:
    for field in ("data", "binaryData"):
        own, new = there.value.get(field), made.value.fields(field)
        if behaviour == "replace" or own is None:
            own = there.value.content[field] = Value({}, made.value.place).over(own)
            if not new:
                del there.value.content[field]
        for key, value in new.items():
            own.content[key] = value.over(own.content.get(key))
    for what in ("labels", "annotations"):
        new = made.value.fields("metadata", what)
        if new:
            held = there.metadata().content.setdefault(what, Value({}, made.value.place))
            for key, value in new.items():
                held.content[key] = value.over(held.content.get(key))
    for field in ("type", "immutable"):
        older = there.value.content.pop(field, None)
        if (newer := made.value.get(field)) is not None:
            there.value.content[field] = newer.over(older)
    there.hashed = there.hashed or made.hashed
