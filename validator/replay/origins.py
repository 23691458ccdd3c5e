"""From a field of the render to the place that set it, as far as the replay proves it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from validator.finding import NOWHERE, Path, Source
from validator.manifest import Resource, dig
from validator.replay.objects import Replayed
from validator.replay.values import Override, Part, Place, Value

_HASH = re.compile(r"-[a-z0-9]{10}$")


@dataclass(frozen=True, slots=True)
class Located:
    """Where a value stands; what it is composed of, and what it overrides, the latest first."""

    source: Source
    parts: tuple[Part, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def overridden(self) -> tuple[Source, ...]:
        return tuple(source_of(each.place) for each in self.overrides)


class Origins:
    """The replayed objects beside those of the render."""

    def __init__(self, replayed: Iterable[Replayed], rendered: list[Resource]) -> None:
        self._objects: dict[int, Replayed] = {}
        self._final: dict[str, dict[str, Replayed]] = {}
        """Every name that an object ever had → its name in the render → the object."""
        waiting = {_key(resource, resource.name): resource for resource in rendered}
        unhashed = {
            _key(resource, _HASH.sub("", resource.name)): resource
            for resource in rendered
            if _HASH.search(resource.name)
        }
        for each in replayed:
            resource = waiting.get(_known_as(each))
            if resource is None and each.hashed:
                resource = unhashed.get(_known_as(each))
            if resource is None or resource.ref.index in self._objects:
                continue
            self._objects[resource.ref.index] = each
            for name in {known.name for known in each.identities}:
                self._final.setdefault(name, {})[resource.name] = each

    def object(self, resource: Resource) -> Replayed | None:
        return self._objects.get(resource.ref.index)

    def locate(self, resource: Resource, path: Path) -> Located:
        """The place of a field; of an absent one, that of its nearest present parent."""
        each = self._objects.get(resource.ref.index)
        if each is None:
            return Located(NOWHERE)
        value, real = each.value, resource.value
        for position, key in enumerate(path):
            child = value.get(key)
            there = _has(real, key)
            if child is None or not there:
                if there or child is not None:
                    return Located(each.origin)
                break
            real = dig(real, key)
            if type(key) is int and not _alike(child, real):
                return Located(each.origin)
            value = child
            if position == len(path) - 1 and type(value.content) not in (dict, list):
                return self._leaf(each, value, real)
        return Located(source_of(value.place), value.parts, value.overrides)

    def _leaf(self, each: Replayed, value: Value, real: Any) -> Located:
        if type(value.content) is type(real) and value.content == real:
            return Located(source_of(value.place), value.parts, value.overrides)
        if type(real) is str and type(value.content) is str:
            named = self._final.get(value.content, {}).get(real)
            if named is not None:
                return Located(source_of(value.place), _reference(value, named, real), value.overrides)
        return Located(each.origin)


def _reference(value: Value, named: Replayed, real: str) -> tuple[Part, ...]:
    """The name of an object where it is used: what was written, and what the layers made of it."""
    own = value.parts or (Part(value.content, value.place),)
    name = named.value.get("metadata", "name")
    added = [part for part in (name.parts if name else ()) if part.text != named.first.name]
    before = [part for part in added if real.startswith(part.text)]
    after = [part for part in added if part not in before]
    return (*before, *own, *after)


def source_of(place: Place | Source) -> Source:
    return place.source if isinstance(place, Place) else place


def _key(resource: Resource, name: str) -> tuple[str, str, str, str]:
    return resource.ref.api_version, resource.kind, resource.ref.namespace or "", name


def _known_as(each: Replayed) -> tuple[str, str, str, str]:
    value = each.value
    return value.string("apiVersion"), value.string("kind"), each.namespace, each.name


def _has(real: Any, key: str | int) -> bool:
    if type(real) is dict:
        return key in real
    return type(real) is list and type(key) is int and 0 <= key < len(real)


def _alike(value: Value, real: Any) -> bool:
    """Whether an item of a list is the one that the render has there."""
    if type(real) is dict:
        for key in ("name", "key", "mountPath", "containerPort", "port"):
            if key in real:
                return value.scalar(key) == real[key] or type(real[key]) in (dict, list)
        return type(value.content) is dict and value.content.keys() == real.keys()
    if type(real) is list:
        return type(value.content) is list and len(value.content) == len(real)
    return True
