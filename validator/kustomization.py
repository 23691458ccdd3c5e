"""The source tree of an overlay: which kustomizations it includes, and where each object began.

Read beside Kustomize's own build, with positions. An object of the render is traced to its document
by group, kind and name, with the names and namespaces that each layer adds; when two documents could
be meant, the origin is unknown rather than guessed.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from yaml.nodes import Node

from validator.finding import NOWHERE, Address, ObjectRef, Source, TargetError
from validator.manifest import Document, compose, dig, mapping, no_collection, sequence
from validator.overlay import kustomization_file
from validator.references import is_remote
from validator.replay import Effects, Files, Replayed, replay
from validator.replay.effects import Entry, Layer
from validator.replay.values import Value, inner

_HASH = re.compile(r"-[a-z0-9]{10}$")


@dataclass(slots=True)
class Candidate:
    """A document or generator entry that becomes an object, with its name as the layers change it."""

    group: str
    kind: str
    name: str
    namespace: str | None
    source: Source
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A kustomization file of an overlay's tree, with what its entries chose."""

    folder: Path
    file: Path
    value: dict[str, Any]
    document: Document
    layer: Layer
    files: Files

    @property
    def component(self) -> bool:
        return self.value.get("kind") == "Component"

    def at(self, *path: str | int) -> Address:
        """The address of one of its fields."""
        return Address(None, path, source=self.document.locate(path))

    @property
    def root(self) -> Node:
        """The file's own node."""
        return self.files.composed(self.file)[1][0]

    def texts(self) -> Iterator[tuple[Document, Node]]:
        """The file itself, its patches and its files of replacements, with the document of their places."""
        yield self.files.composed(self.file)[0], self.root
        paths: dict[Path, None] = {}
        for value in self._patches():
            if "\n" not in value.content and value.content[:1] not in "[{":
                paths[Path(os.path.normpath(self.folder / value.content))] = None
            elif (document := inner(value)) is not None:
                yield from ((document, node) for node in compose(value.content, document.file))
        for path in paths:
            document, nodes = self.files.composed(path)
            yield from ((document, node) for node in nodes)

    def _patches(self) -> Iterator[Value]:
        """The paths and texts of patches and replacements."""
        value = next(self.files.values(self.file))
        found = value.items("patchesStrategicMerge")
        for name in ("patches", "patchesJson6902", "replacements"):
            found = [*found, *(part for entry in value.items(name) for part in entry.fields().values())]
        return (each for each in found if type(each.content) is str)

    def entries(self, *fields: str) -> Iterator[tuple[Entry, Any]]:
        """The entries of its lists of these names, each with its path."""
        for name in fields:
            for index, entry in enumerate(sequence(self.value.get(name))):
                yield (name, index), entry

    def __str__(self) -> str:
        return self.document.file


@dataclass
class SourceTree:
    """What an overlay is made of."""

    overlay: Path
    files: Files
    kustomizations: list[str] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    kinds: set[tuple[str, str]] = field(default_factory=set)
    remotes: list[tuple[str, Source]] = field(default_factory=list)
    read: dict[Path, tuple[Path, Any, Document]] = field(default_factory=dict)
    """The kustomizations by folder: the file, and what it says."""
    _index: dict[tuple[str, str, str], list[Candidate]] | None = None

    @cached_property
    def _replay(self) -> tuple[list[Replayed], Effects]:
        effects = Effects()
        with no_collection():
            return replay(self.overlay, self.files, effects), effects

    @property
    def replayed(self) -> list[Replayed]:
        """The overlay's objects made again from its sources. Raises anything for what Kustomize refuses."""
        return self._replay[0]

    @cached_property
    def layers(self) -> tuple[Kustomization, ...]:
        """Each kustomization of the tree once, with what was noted while the objects were made again."""
        layers = self._replay[1].layers
        return tuple(
            Kustomization(folder, file, value, document, layers[folder], self.files)
            for folder, (file, value, document) in self.read.items()
            if folder in layers and type(value) is dict
        )

    @property
    def problem(self) -> TargetError | None:
        """The first thing in the sources that cannot be read."""
        return self.files.problem

    def origin(self, ref: ObjectRef) -> Source:
        """The document an object began as (certainty `origin`), or NOWHERE."""
        if self._index is None:
            self._index = {}
            for candidate in self.candidates:
                key = (candidate.group, candidate.kind, candidate.name)
                self._index.setdefault(key, []).append(candidate)
        found = self._index.get((ref.group, ref.kind, ref.name), [])
        if not found and _HASH.search(ref.name):
            base = _HASH.sub("", ref.name)
            found = [c for c in self._index.get((ref.group, ref.kind, base), []) if c.hashed]
        if len(found) > 1:
            found = [c for c in found if c.namespace == ref.namespace]
        return found[0].source if len(found) == 1 else NOWHERE

    def sources_of(self, kind: str, name: str) -> list[Source]:
        """Every document of a kind and name, for messages about duplicates."""
        return [c.source for c in self.candidates if c.kind == kind and c.name == name]


def read_tree(overlay: Path, show: Callable[[Path], str]) -> SourceTree:
    """Read an overlay's sources; `show` turns a path into the form that reports print.

    Never raises: unreadable files are Kustomize's to refuse, and are kept as `problem` to explain it.
    """
    tree = SourceTree(Path(os.path.normpath(overlay)), Files(show))
    _Reader(tree).layer(tree.overlay, tree.candidates)
    return tree


class _Reader:
    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.open: list[Path] = []

    def layer(self, folder: Path, into: list[Candidate]) -> None:
        """One kustomization: its objects go into `into`, renamed as it says.

        A component works on the objects that the including layer has so far.
        """
        file = kustomization_file(folder)
        if file is None or folder in self.open:
            return
        self.open.append(folder)
        for value, document in self.tree.files.documents(file)[:1]:
            self.tree.kustomizations.append(document.file)
            self.tree.read.setdefault(folder, (file, value, document))
            component = dig(value, "kind") == "Component"
            objects = into if component else []
            for key in ("resources", "bases"):
                self.entries(folder, value, key, document, objects)
            self.generated(value, document, objects)
            self.entries(folder, value, "components", document, objects)
            rename(value, objects)
            if not component:
                into += objects
        self.open.pop()

    def entries(self, folder: Path, value: Any, key: str, document: Document, into: list[Candidate]) -> None:
        for index, entry in enumerate(sequence(dig(value, key))):
            if type(entry) is not str:
                continue
            if is_remote(entry):
                self.tree.remotes.append((entry, document.locate((key, index))))
                continue
            path = Path(os.path.normpath(folder / entry))
            if os.path.isdir(path):
                self.layer(path, into)
            elif os.path.isfile(path):
                into += self.objects(path)

    def objects(self, file: Path) -> Iterator[Candidate]:
        for value, document in self.tree.files.documents(file):
            items = sequence(dig(value, "items")) if str(dig(value, "kind")).endswith("List") else None
            for index, item in enumerate([value] if items is None else items):
                api_version, kind = dig(item, "apiVersion"), dig(item, "kind")
                name, namespace = dig(item, "metadata", "name"), dig(item, "metadata", "namespace")
                if type(api_version) is str and type(kind) is str:
                    self.tree.kinds.add((api_version, kind))
                    place = document.source if items is None else document.locate(("items", index))
                    yield Candidate(
                        api_version.rpartition("/")[0], kind, str(name), namespace, as_origin(place)
                    )

    def generated(self, value: Any, document: Document, into: list[Candidate]) -> None:
        unhashed = dig(value, "generatorOptions", "disableNameSuffixHash") is True
        for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for index, entry in enumerate(sequence(dig(value, key))):
                if dig(entry, "behavior") in ("merge", "replace"):
                    continue
                self.tree.kinds.add(("v1", kind))
                hashed = not unhashed and dig(entry, "options", "disableNameSuffixHash") is not True
                place = as_origin(document.locate((key, index)))
                into.append(
                    Candidate("", kind, str(dig(entry, "name")), dig(entry, "namespace"), place, hashed)
                )


def rename(value: Any, objects: list[Candidate]) -> None:
    """Apply a layer's namespace, prefix and suffix to the objects it holds."""
    prefix, suffix = (str(mapping(value).get(key) or "") for key in ("namePrefix", "nameSuffix"))
    namespace = mapping(value).get("namespace")
    for candidate in objects:
        if (prefix or suffix) and candidate.kind not in (
            "CustomResourceDefinition",
            "APIService",
            "Namespace",
        ):
            candidate.name = f"{prefix}{candidate.name}{suffix}"
        if type(namespace) is str and namespace:
            if candidate.kind == "Namespace":
                candidate.name = namespace
            candidate.namespace = namespace


def as_origin(source: Source) -> Source:
    return Source(source.file, source.line, source.column, source.end_line, source.end_column, "origin")
