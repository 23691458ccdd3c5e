"""An overlay's objects made again from its sources, layer by layer, with the place of each value.

Kustomize builds; this only explains what it built. So nothing here is believed that the render does not show:
a value that comes out otherwise is given no line of its own (`Origins`).
"""

import os
from collections.abc import Iterator
from pathlib import Path

from validator.overlay import kustomization_file
from validator.replay.effects import Effects
from validator.replay.generators import generate
from validator.replay.objects import Replayed
from validator.replay.sources import Files, as_origin
from validator.replay.transformers import transform
from validator.replay.values import Value

__all__ = ["Effects", "Files", "Replayed", "replay"]


def replay(overlay: Path, files: Files, effects: Effects) -> list[Replayed]:
    """The objects of an overlay before hashes are added to names; what each layer chose goes to `effects`."""
    return _Layers(files, effects).objects(Path(os.path.normpath(overlay)), [])


class _Layers:
    def __init__(self, files: Files, effects: Effects) -> None:
        self._files = files
        self._effects = effects
        self._open: list[Path] = []

    def objects(self, folder: Path, around: list[Replayed]) -> list[Replayed]:
        """The objects of one kustomization; a component works on those `around` it."""
        file = kustomization_file(folder)
        layer = None if file is None else next(self._files.values(file), None)
        if layer is None or folder in self._open:
            self._effects.lack()
            return []
        component = layer.scalar("kind") == "Component"
        noted = self._effects.enter(folder, layer, component=component)
        objects = around if component else []
        self._open.append(folder)
        for entry in (*layer.items("resources"), *layer.items("bases")):
            objects += self._entry(folder, entry)
        generate(self._files, folder, layer, objects)
        for entry in layer.items("components"):
            self.objects(_below(folder, entry), objects)
        transform(self._files, folder, layer, objects, noted)
        self._effects.leave()
        self._open.pop()
        return objects if not component else []

    def _entry(self, folder: Path, entry: Value) -> Iterator[Replayed]:
        path = _below(folder, entry)
        if path.is_dir():
            yield from self.objects(path, [])
        elif path.is_file():
            for value in self._files.values(path):
                yield from _listed(value)
        else:
            self._effects.lack()


def _below(folder: Path, entry: Value) -> Path:
    """Without `..`, so that a folder has one name however it is reached."""
    return Path(os.path.normpath(folder / str(entry.content)))


def _listed(value: Value) -> Iterator[Replayed]:
    """A document's object, or those of a List."""
    if value.string("kind").endswith("List") and type(items := value.get("items")) is Value:
        for item in items.content if type(items.content) is list else ():
            yield from _listed(item)
    elif type(value.content) is dict and value.string("kind"):
        yield Replayed(value, as_origin(value.place))
