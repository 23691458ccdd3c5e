"""The files that an overlay is made of, told from its kustomizations alone, whether they are there or not.

For what a change reaches: no object is read and each kustomization is read once, however many include it.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from validator.finding import Source, TargetError
from validator.manifest import decode, dig, mapping, parse, sequence
from validator.overlay import FILE_NAMES

_REMOTE = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://|git::|git@|[\w.-]+@[\w.-]+:|github\.com[/:]|[\w-]+(?:\.[\w-]+)+/.*\?ref=)"
)
_ENTRIES = ("resources", "bases", "components", "crds", "configurations", "patchesStrategicMerge")
_WITH_PATH = ("patches", "patchesJson6902", "replacements")
_GENERATORS = ("configMapGenerator", "secretGenerator")
_PLUGINS = ("generators", "transformers", "validators")


def is_remote(entry: str) -> bool:
    """Whether Kustomize would fetch an entry of `resources` or `components` from elsewhere."""
    return bool(_REMOTE.match(entry))


def file_names(path: str) -> set[str]:
    """The names that a file may be referred to by: as it is written, and with symbolic links followed."""
    path = os.path.abspath(path)
    return {path, os.path.realpath(path)}


@dataclass(slots=True)
class Reach:
    """What a build reads: files, and folders of which any file may be read."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    kustomizations: set[str] = field(default_factory=set)
    """The folders of those that are included, at any depth."""
    problem: TargetError | None = None
    """Why a kustomization could not be read: then nobody knows what it refers to."""

    def holds(self, names: set[str]) -> bool:
        """Whether a file of these names is reached."""
        if self.problem is not None or not self.files.isdisjoint(names):
            return True
        return any(name.startswith(folder + os.sep) for name in names for folder in self.folders)


class References:
    """What kustomizations refer to, each of them read once."""

    def __init__(self) -> None:
        self._layers: dict[str, Reach] = {}
        self._real: dict[str, str] = {}

    def reach(self, overlay: str | os.PathLike[str]) -> Reach:
        """All that the build of an overlay reads."""
        found, start = Reach(), os.path.abspath(overlay)
        waiting, seen = [start], {start}
        while waiting:
            layer = self._layer(waiting.pop())
            found.files |= layer.files
            found.folders |= layer.folders
            found.problem = found.problem or layer.problem
            waiting += layer.kustomizations - seen
            seen |= layer.kustomizations
        found.kustomizations = seen - {start}
        return found

    def _layer(self, folder: str) -> Reach:
        """What one kustomization names itself."""
        if folder not in self._layers:
            self._layers[folder] = found = Reach()
            for name in FILE_NAMES:
                self._add(found.files, os.path.join(folder, name))
            try:
                for entry in _names(folder, _read(_kustomization(folder))):
                    if not is_remote(entry) and "\0" not in entry:
                        self._refer(found, os.path.normpath(os.path.join(folder, entry)))
            except TargetError as error:
                found.problem = error
        return self._layers[folder]

    def _refer(self, found: Reach, path: str) -> None:
        self._add(found.files, path)
        if os.path.isfile(path):
            return
        if _kustomization(path):
            found.kustomizations.add(path)
        else:
            self._add(found.folders, path)

    def _add(self, paths: set[str], path: str) -> None:
        """A path by both of its names; most files of a folder share the folder's."""
        paths.add(path)
        folder, name = os.path.split(path)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        real = os.path.join(self._real[folder], name)
        paths.add(os.path.realpath(path) if os.path.islink(path) else real)


def _kustomization(folder: str) -> str | None:
    return next((file for name in FILE_NAMES if os.path.isfile(file := os.path.join(folder, name))), None)


def _read(file: str | None) -> list[Any]:
    """The documents of a file; none when there is no file."""
    if file is None:
        return []
    shown = os.path.relpath(file)
    try:
        with open(file, "rb") as stream:
            text = decode(stream.read(), shown)
    except OSError as error:
        source = Source(shown, certainty="origin")
        raise TargetError(f"cannot read it: {error.strerror}", source=source) from None
    return [value for value, _ in parse(text, shown)]


def _names(folder: str, documents: list[Any]) -> Iterator[str]:
    """Every path that a kustomization names, relative to its folder."""
    for value in documents[:1]:
        for key in _ENTRIES:
            yield from _paths(dig(value, key))
        for key in _WITH_PATH:
            for entry in sequence(dig(value, key)):
                yield from _paths([dig(entry, "path")])
        for key in _GENERATORS:
            for entry in sequence(dig(value, key)):
                yield from _generated(entry)
        yield from _paths([dig(value, "openapi", "path")])
        yield from _charts(value)
        for key in _PLUGINS:
            for entry in sequence(dig(value, key)):
                yield from _plugin(folder, entry)


def _paths(entries: Any) -> Iterator[str]:
    """Those entries that are paths and not texts written out."""
    for entry in sequence(entries):
        if type(entry) is str and entry and "\n" not in entry:
            yield entry


def _generated(entry: Any) -> Iterator[str]:
    yield from _paths(dig(entry, "envs"))
    yield from _paths([dig(entry, "env")])
    for named in _paths(dig(entry, "files")):
        key, equals, file = named.partition("=")
        yield file if equals else key


def _charts(value: Any) -> Iterator[str]:
    """Helm's values, and the charts that are kept in the repository."""
    home = str(dig(value, "helmGlobals", "chartHome") or "charts")
    for chart in sequence(dig(value, "helmCharts")):
        yield from _chart(chart, home, "name")
    for chart in sequence(dig(value, "helmChartInflationGenerator")):
        yield from _chart(chart, str(dig(chart, "chartHome") or home), "chartName")


def _chart(chart: Any, home: str, named: str) -> Iterator[str]:
    yield from _paths([dig(chart, "valuesFile"), dig(chart, "values")])
    yield from _paths(dig(chart, "additionalValuesFiles"))
    name = dig(chart, named)
    if type(name) is str and name:
        yield os.path.join(home, name)
        yield os.path.join(home, f"{name}-{dig(chart, 'version')}")


def _plugin(folder: str, entry: Any) -> Iterator[str]:
    """A plugin's configuration, in a file or written out, and the files that it names in turn."""
    if type(entry) is not str or is_remote(entry):
        return
    if "\n" in entry:
        documents = [value for value, _ in parse(entry, "a plugin's configuration")]
    else:
        yield entry
        path = os.path.join(folder, entry)
        documents = _read(path) if os.path.isfile(path) else []
    for value in documents:
        yield from _paths([dig(value, "path")])
        yield from _paths(dig(value, "paths"))
        yield from _generated(value)
        home = str(dig(value, "chartHome") or "charts")
        yield from _chart(mapping(value), home, "chartName" if dig(value, "chartName") else "name")
