"""What the entries of each kustomization chose, noted while the layers are replayed."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from validator.fields import misspelled
from validator.replay.objects import Replayed, satisfies
from validator.replay.values import Value

Entry = tuple[str, int]
"""A list of a kustomization and an index in it: `("patches", 1)`."""
_FOREIGN = ("generators", "transformers", "helmCharts", "helmChartInflationGenerator")
_GO_ONLY = re.compile(r"\[\[:|\\[pPzQE]|\(\?[a-zA-Z-]*[sU]")
"""Go's patterns that Python lacks, or reads otherwise."""


@dataclass(frozen=True, slots=True)
class Miss:
    """The field of a `target:` that chose nothing, and the words it was compared with."""

    field: str
    wanted: str
    seen: tuple[str, ...]
    kinds: tuple[str, ...]
    """The kinds of the objects that the fields before it had left."""


@dataclass(slots=True)
class Layer:
    """A kustomization as it was replayed, as often as it is included."""

    folder: Path
    partial: bool = False
    """Whether it holds objects that are not replayed, so that nothing can be said to be absent."""
    configured: bool = False
    """Whether its transformers may change more fields than Kustomize's own."""
    chosen: Counter[Entry] = field(default_factory=Counter)
    missed: dict[Entry, Miss] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    """Every image, as it was before the layer changed it."""

    def target(self, entry: Entry, target: Value | None, objects: list[Replayed]) -> None:
        """Note how many objects a target chooses, and where it chooses none, why."""
        if target is None:
            return
        miss = _miss(target, objects)
        if miss is None:
            self.chosen[entry] += 1
        else:
            self.missed[entry] = miss

    def image(self, index: int, changed: bool) -> None:
        self.chosen["images", index] += changed


@dataclass(slots=True)
class Effects:
    """The layers of an overlay by folder."""

    layers: dict[Path, Layer] = field(default_factory=dict)
    _open: list[Layer] = field(default_factory=list)

    def enter(self, folder: Path, value: Value, *, component: bool) -> Layer:
        """A component works on the objects of the layer around it, whatever those are."""
        layer = self.layers.setdefault(folder, Layer(folder))
        around = self._open[-1] if component and self._open else layer
        foreign = any(value.get(key) for key in _FOREIGN) or next(misspelled(value.plain()), None) is not None
        layer.partial = layer.partial or around.partial or foreign
        layer.configured = layer.configured or around.configured or value.get("configurations") is not None
        self._open.append(layer)
        return layer

    def leave(self) -> None:
        layer = self._open.pop()
        if self._open:
            self._open[-1].partial |= layer.partial
            self._open[-1].configured |= layer.configured

    def lack(self) -> None:
        """Note that an entry of the open layer is not replayed: it is remote."""
        if self._open:
            self._open[-1].partial = True


def _miss(target: Value, objects: list[Replayed]) -> Miss | None:
    """The first field that leaves none of the objects; None where some are left, or it cannot be told."""
    left = objects
    for name in ("kind", "group", "version", "namespace", "name", "labelSelector", "annotationSelector"):
        wanted = target.string(name)
        if not wanted:
            continue
        selector = name.endswith("Selector")
        if not selector and not _is_plain(wanted):
            return None
        fitting = [each for each in left if (_satisfied if selector else _fits)(each, name, wanted)]
        if not fitting:
            seen = {word: None for each in left for word in _words(each, name)}
            kinds = {each.current.kind: None for each in left}
            return Miss(name, wanted, tuple(seen), tuple(kinds))
        left = fitting
    return None if left else Miss("", "", (), ())


def _is_plain(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return not _GO_ONLY.search(pattern)


def _fits(each: Replayed, name: str, wanted: str) -> bool:
    return any(re.fullmatch(wanted, word) for word in _words(each, name))


def _satisfied(each: Replayed, name: str, wanted: str) -> bool:
    return satisfies(wanted, each.value.fields("metadata", f"{name.removesuffix('Selector')}s"))


def _words(each: Replayed, name: str) -> list[str]:
    """What an object has for a field of a target; names and namespaces count as they were first, too."""
    first, current = each.first, each.current
    match name:
        case "name":
            return [first.name, current.name]
        case "namespace":
            return [first.namespace or "default", current.namespace or "default"]
        case "labelSelector" | "annotationSelector":
            pairs = each.value.fields("metadata", f"{name.removesuffix('Selector')}s")
            return [f"{key}={value.content}" for key, value in pairs.items()]
        case _:
            return [str(getattr(current, name))]
