"""What a kustomization does to its objects, in Kustomize's order (api/internal/target)."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from validator.replay import json_patch
from validator.replay.effects import Layer
from validator.replay.fields import (
    COMMON_ANNOTATIONS,
    COMMON_LABELS,
    IMAGES,
    METADATA,
    NAMESPACE,
    SCALED,
    TEMPLATE_LABELS,
    FieldSpec,
    visit,
)
from validator.replay.merge import merge
from validator.replay.objects import Identity, Replayed, by_identity, selected
from validator.replay.replacements import replace_all
from validator.replay.sources import Files
from validator.replay.values import Part, Value, clip

_UNPREFIXED = frozenset({"CustomResourceDefinition", "APIService", "Namespace"})
_IMAGE_LISTS = frozenset({"containers", "initContainers"})


def transform(files: Files, folder: Path, layer: Value, objects: list[Replayed], noted: Layer) -> None:
    """Change a layer's objects; which of them its entries choose is `noted`."""
    _strategic_merges(files, folder, layer, objects)
    for index, entry in enumerate(layer.items("patches")):
        noted.target(("patches", index), entry.get("target"), objects)
        for patch in files.patches(folder, text=entry.get("patch"), path=entry.get("path")):
            _patch(patch, entry, objects)
    _namespace(layer, objects)
    _affix(layer.get("namePrefix"), objects, before=True)
    _affix(layer.get("nameSuffix"), objects, before=False)
    _labels(layer, objects)
    _set_pairs(layer.fields("commonAnnotations"), COMMON_ANNOTATIONS, objects)
    for index, entry in enumerate(layer.items("patchesJson6902")):
        noted.target(("patchesJson6902", index), entry.get("target"), objects)
        for patch in files.patches(folder, text=entry.get("patch"), path=entry.get("path")):
            _patch(patch, entry, objects)
    for entry in layer.items("replicas"):
        _replicas(entry, objects)
    if images := [(image_pattern(entry.string("name")), entry) for entry in layer.items("images")]:
        for each in objects:
            for image in _images(each):
                noted.images.add(str(image.content))
                for index, (pattern, entry) in enumerate(images):
                    noted.image(index, pattern is None or _retag(pattern, entry, image))
    for entry in layer.items("replacements"):
        replace_all(files, folder, entry, objects)


def _strategic_merges(files: Files, folder: Path, layer: Value, objects: list[Replayed]) -> None:
    for entry in layer.items("patchesStrategicMerge"):
        inline = type(entry.content) is str and "\n" in entry.content
        patches = files.patches(folder, text=entry, path=None if inline else entry)
        for patch in patches:
            _merge_patch(patch, None, objects)


def _patch(patch: Value, entry: Value, objects: list[Replayed]) -> None:
    """One document of a `patches` entry: a JSON patch is a list, a merge patch a mapping."""
    target = entry.get("target")
    if type(patch.content) is list:
        for each in selected(objects, target) if target is not None else ():
            each.remember()
            try:
                json_patch.apply(each.value, patch)
            except json_patch.PatchError:
                each.unclear = True
            each.value = (
                each.value.copy()
            )  # written out and read again: no node stands in two fields any more
    else:
        _merge_patch(patch, target, objects, entry.get("options"))


def _merge_patch(
    patch: Value, target: Value | None, objects: list[Replayed], options: Value | None = None
) -> None:
    if target is not None:
        found = selected(objects, target)
    else:
        group, _, version = patch.string("apiVersion").rpartition("/")
        name, namespace = (patch.string("metadata", field) for field in ("name", "namespace"))
        one = by_identity(objects, Identity(group, version, patch.string("kind"), name, namespace))
        found = [] if one is None else [one]
    for each in found:
        own = patch.copy()
        if options is not None and (options.scalar("allowNameChange") or options.scalar("allowKindChange")):
            each.remember()
        if options is None or options.scalar("allowKindChange") is not True:
            own.content.pop("kind", None)
        own.content.pop("apiVersion", None)
        metadata = own.fields("metadata")
        metadata.pop("namespace", None)
        if options is None or options.scalar("allowNameChange") is not True:
            metadata.pop("name", None)
        result = merge(each.value, own)
        if result is None:
            objects.remove(each)
        else:
            each.value = result


def _namespace(layer: Value, objects: list[Replayed]) -> None:
    wanted = layer.get("namespace")
    if wanted is None or not wanted.content:
        return
    for each in objects:
        each.remember()
        if not each.cluster_scoped:
            each.metadata().content["namespace"] = wanted.copy().over(each.value.get("metadata", "namespace"))
        if each.value.string("apiVersion") == "v1" and each.current.kind == "Namespace":
            each.metadata().content["name"] = wanted.copy().over(each.value.get("metadata", "name"))
        if each.current.kind in ("RoleBinding", "ClusterRoleBinding"):
            for subject in each.value.items("subjects"):
                if subject.scalar("name") == "default":
                    subject.content["namespace"] = wanted.copy().over(subject.get("namespace"))
        for spec in NAMESPACE:
            visit(each, spec, wanted.copy, _setter(wanted))


def _setter(wanted: Value) -> Callable[[Value], None]:
    return lambda value: value.set(wanted.content, wanted.place)


def _affix(affix: Value | None, objects: list[Replayed], *, before: bool) -> None:
    if affix is None or not affix.content:
        return
    for each in objects:
        name = each.value.get("metadata", "name")
        each.remember()
        if each.current.kind in _UNPREFIXED or name is None:
            continue
        own, more = (
            name.parts or (Part(str(name.content), name.place),),
            Part(str(affix.content), affix.place),
        )
        parts = (more, *own) if before else (*own, more)
        name.set("".join(part.text for part in parts), name.place, parts)


def _labels(layer: Value, objects: list[Replayed]) -> None:
    for entry in layer.items("labels"):
        specs: list[FieldSpec] = [_custom(spec) for spec in entry.items("fields")]
        if entry.scalar("includeSelectors") is True:
            specs += COMMON_LABELS
        elif entry.scalar("includeTemplates") is True:
            specs += TEMPLATE_LABELS
        else:
            specs.append(METADATA)
        _set_pairs(entry.fields("pairs"), specs, objects)
    _set_pairs(layer.fields("commonLabels"), COMMON_LABELS, objects)


def _custom(spec: Value) -> FieldSpec:
    create = spec.scalar("create") is True
    group = spec.string("group") or None
    return FieldSpec(spec.string("path"), create, spec.string("kind"), group, spec.string("version"))


def _set_pairs(
    pairs: dict[str, Value], specs: list[FieldSpec] | tuple[FieldSpec, ...], objects: list[Replayed]
) -> None:
    if not pairs:
        return
    first = next(iter(pairs.values()))

    for each in objects:
        # Kustomize writes one node into all these fields; what changes it in one of them changes it in all.
        shared = {key: value.copy() for key, value in pairs.items()}
        for spec in specs:
            visit(each, spec, lambda: Value({}, first.place), partial(_put_pairs, shared))


def _put_pairs(pairs: dict[str, Value], held: Value) -> None:
    for key, value in pairs.items() if type(held.content) is dict else ():
        older = held.content.get(key)
        if older is None or type(older.content) in (dict, list):
            held.content[key] = value
        elif older is not value:
            older.become(value.copy())


def _replicas(entry: Value, objects: list[Replayed]) -> None:
    count = entry.get("count")
    for each in objects if count is not None else ():
        named = any(known.name == entry.string("name") for known in each.identities)
        spec = each.value.get("spec")
        if count and named and each.current.kind in SCALED and spec and type(spec.content) is dict:
            spec.content["replicas"] = count.copy().over(spec.content.get("replicas"))


def _images(each: Replayed) -> list[Value]:
    """Every image of an object, in whatever field of this name its pods stand."""
    found: list[Value] = []
    if each.current.kind != "CustomResourceDefinition":
        _images_below(each.value, found)
        for path in IMAGES:
            visit(each, FieldSpec(path), each.value.copy, found.append)
    return found


def _images_below(value: Value, found: list[Value]) -> None:
    if type(value.content) is list:
        for item in value.content:
            if type(item.content) in (dict, list):
                _images_below(item, found)
    else:
        for key, child in value.content.items():
            if type(child.content) in (dict, list):
                _images_below(child, found)
                if key in _IMAGE_LISTS and type(child.content) is list:
                    found += [image for item in child.content if (image := item.get("image")) is not None]


def image_pattern(name: str) -> re.Pattern[str] | None:
    """What an `images` entry of this name changes (api/internal/image)."""
    try:
        return re.compile(f"^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$")
    except re.error:
        return None


def _retag(pattern: re.Pattern[str], entry: Value, image: Value) -> bool:
    """Change an image that an entry names; whether it does."""
    if type(image.content) is not str or not pattern.search(image.content):
        return False
    name, tag, digest = _split(image)
    new_name, new_tag, new_digest = (entry.get(field) for field in ("newName", "newTag", "digest"))
    suffix = entry.get("tagSuffix")
    if new_name:
        name = _given(new_name)
    if new_tag is not None or new_digest is not None:
        tag, digest = _given(new_tag), _given(new_digest)
    elif suffix is not None:
        tag, digest = (*tag, *_given(suffix)), ()
    text = _joined(name)
    for mark, words in ((":", tag), ("@", digest)):
        text += mark + _joined(words) if words else ""
    if text != image.content:
        last = new_digest or new_tag or suffix or new_name
        image.set(text, last.place if last is not None else image.place, (*name, *tag, *digest))
    return True


_Parts = tuple[Part, ...]


def _given(value: Value | None) -> _Parts:
    return () if value is None else (Part(str(value.content), value.place),)


def _joined(parts: _Parts) -> str:
    return "".join(part.text for part in parts)


def _split(image: Value) -> tuple[_Parts, _Parts, _Parts]:
    """Name, tag and digest, each with its places."""
    text = image.content
    slash = max(text.find("/"), 0)
    at, colon = text.find("@", slash), text.find(":", slash)
    if at >= 0 and colon > at:
        colon = -1
    end = colon if colon >= 0 else at if at >= 0 else len(text)
    tag_end = at if at >= 0 else len(text)
    return (
        clip(image, 0, end),
        clip(image, colon + 1, tag_end) if colon >= 0 else (),
        clip(image, at + 1, len(text)) if at >= 0 else (),
    )
