"""The proof of a place: what is written there must come out at the field that it is said to set.

Every place that the replay names is overwritten by a word of its own, and Kustomize builds again. Many words
go into one build; a field that then shows something else is tried again with only its own word changed.
"""

import base64
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from validator.finding import Source
from validator.kustomization import read_tree
from validator.manifest import Document, Resource, parse, resources, spoken
from validator.replay.origins import Origins
from validator.replay.values import Place

Verdict = Literal["right", "wrong", "undecided", "refused", "made"]
_Path = tuple[str | int, ...]
_Render = list[Resource]
_MARK = "qt-case"
_HASH = re.compile(r"-[a-z0-9]{10}$")
_NUMBER = re.compile(r"-?\d+(\.\d+)?$")
_WORD = re.compile(r"zq\d+x|8\d{6}\b")
_KEYS = {
    "name",
    "key",
    "containerPort",
    "port",
    "mountPath",
    "devicePath",
    "ip",
    "protocol",
    "topologyKey",
    "whenUnsatisfiable",
}
_SELECTING = {"labels", "selector", "matchLabels", "scaleTargetRef", "roleRef", "subjects", "podSelector"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar of the render, with the places that the replay names for it and what each contributes."""

    kind: str
    key: tuple[str, str, str]
    path: _Path
    value: Any = field(compare=False)
    places: tuple[tuple[Source, str | None], ...] = field(compare=False)
    """Each place with its part of the value; None when it gives the whole."""
    certain: bool = field(compare=False)

    @property
    def identifies(self) -> bool:
        """Whether other objects or layers may find something by it."""
        path = self.path
        return (
            path in (("kind",), ("apiVersion",), ("metadata", "name"), ("metadata", "namespace"))
            or path[-1] in _KEYS
            or not _SELECTING.isdisjoint(path)
        )

    @property
    def made(self) -> bool:
        """Whether a generator adds the word, which nobody wrote."""
        return self.path in (("kind",), ("apiVersion",), ("type",))

    def __str__(self) -> str:
        value = repr(self.value)
        return f"{self.kind} {self.key[2]} {'.'.join(map(str, self.path))} = {value:.60}"


@dataclass(slots=True)
class Case:
    """An overlay in a folder that may be overwritten."""

    folder: Path
    overlay: Path
    features: frozenset[str] = frozenset()
    leaves: list[Leaf] = field(default_factory=list)
    verdicts: dict[Leaf, Verdict] = field(default_factory=dict)
    notes: dict[Leaf, str] = field(default_factory=dict)
    words: dict[Source, str] = field(default_factory=dict)
    """The word of each place."""
    refused: str = ""

    def count(self, *, identifying: bool | None = None) -> Counter[Verdict]:
        return Counter(
            verdict
            for leaf, verdict in self.verdicts.items()
            if identifying is None or leaf.identifies == identifying
        )


@dataclass(slots=True)
class Kustomize:
    """Builds of many cases at once, since most of a build is its start."""

    program: str
    top: Path
    together: int = 40
    builds: int = 0

    def build(self, cases: list[Case]) -> dict[int, _Render]:
        """The objects of each case that Kustomize accepts, by the case's `id`."""
        rendered: dict[int, _Render] = {}
        for start in range(0, len(cases), self.together):
            rendered |= self._build(cases[start : start + self.together])
        return rendered

    def _build(self, cases: list[Case]) -> dict[int, _Render]:
        while cases:
            done = self._run(cases)
            if done.returncode == 0:
                return dict(_shared_out(done.stdout, cases))
            guilty = [case for case in cases if f"{case.folder}/" in f"{done.stderr}/".replace("'", "/")]
            if not guilty and len(cases) > 1:
                half = len(cases) // 2
                return self._build(cases[:half]) | self._build(cases[half:])
            for case in guilty or cases:
                case.refused = done.stderr
            cases = [case for case in cases if case not in guilty] if guilty else []
        return {}

    def _run(self, cases: list[Case]) -> subprocess.CompletedProcess[str]:
        self.builds += 1
        wrapped = self.top / "build"
        entries = []
        for number, case in enumerate(cases):
            layer = wrapped / f"marked{number}"
            layer.mkdir(parents=True, exist_ok=True)
            up = "../" * len(layer.relative_to(self.top).parts)
            (layer / "kustomization.yaml").write_text(
                f"resources: [{up}{case.overlay.relative_to(self.top)}]\n"
                f'labels: [{{pairs: {{{_MARK}: "{number}"}}}}]\n'
            )
            entries.append(f"  - {layer.name}\n")
        (wrapped / "kustomization.yaml").write_text("resources:\n" + "".join(entries))
        return subprocess.run(
            [self.program, "build", wrapped], capture_output=True, text=True, timeout=60, check=False
        )


def _shared_out(text: str, cases: list[Case]) -> Iterator[tuple[int, _Render]]:
    """Each case's objects, without the label that told them apart."""
    found: dict[int, list[tuple[Any, Document]]] = defaultdict(list)
    for value, document in parse(text, "render"):
        labels = value["metadata"]["labels"]
        found[int(labels.pop(_MARK))].append((value, document))
        if not labels:
            del value["metadata"]["labels"]
    for number, case in enumerate(cases):
        yield id(case), resources(found[number])


def prove(cases: list[Case], kustomize: Kustomize, *, identifying: int | None = None) -> None:
    """Give every leaf of each case its verdict; of those that identify, only of so many places a case."""
    rendered = kustomize.build(cases)
    cases = [case for case in cases if id(case) in rendered]
    for case in cases:
        _map(case, rendered[id(case)])
    _Proof(cases, kustomize, identifying).run()


def _map(case: Case, render: _Render) -> None:
    """The leaves of a case, with the places that the replay names."""
    tree = read_tree(case.overlay, str)
    origins = Origins(tree.replayed, render)
    plain = _by_key(render)
    for (key, resource), original in zip(plain.items(), render, strict=True):
        for path, value in leaves(resource):
            located = origins.locate(original, path)
            places = tuple(
                (part.place.source if isinstance(part.place, Place) else part.place, part.text)
                for part in located.parts
            ) or ((located.source, None),)
            certain = all(source.certainty == "exact" for source, _ in places)
            case.leaves.append(Leaf(key[0], key, path, value, places, certain))


def leaves(value: Any, path: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(child, (*path, key))
    else:
        yield path, value


def _by_key(render: _Render) -> dict[tuple[str, str, str], Any]:
    """The objects by kind, namespace and name, without the hashes in names, which follow the content."""
    hashed = {r.name: _HASH.sub("", r.name) for r in render if _HASH.search(r.name) and r.kind in _HASHED}
    return {
        (resource.kind, resource.namespace, hashed.get(resource.name, resource.name)): _unhashed(
            resource.value, hashed
        )
        for resource in render
    }


_HASHED = ("ConfigMap", "Secret")


def _unhashed(value: Any, hashed: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _unhashed(child, hashed) for key, child in value.items()}
    if isinstance(value, list):
        return [_unhashed(child, hashed) for child in value]
    if isinstance(value, str):
        for name, short in hashed.items():
            value = value.replace(name, short)
    return value


class _Proof:
    def __init__(self, cases: list[Case], kustomize: Kustomize, identifying: int | None) -> None:
        self.cases, self.kustomize, self.limit = cases, kustomize, identifying
        self.by_place: dict[int, dict[Source, list[Leaf]]] = {}

    def run(self) -> None:
        wholes: list[tuple[Case, list[Source]]] = []
        pieces: list[tuple[Case, list[Source]]] = []
        rest: list[tuple[Case, Source]] = []
        for case in self.cases:
            plain, first, identities = self._sort(case)
            wholes.append((case, plain))
            pieces.append((case, first))
            rest += [(case, place) for place in identities[: self.limit]]
        doubtful = self._together(wholes) | self._together(pieces)
        self._each([*doubtful.values(), *rest])

    def _sort(self, case: Case) -> tuple[list[Source], list[Source], list[Source]]:
        """The places to change together, the first parts of composed values, and those tried alone."""
        places: dict[Source, list[Leaf]] = defaultdict(list)
        for leaf in case.leaves:
            if not leaf.certain:
                case.verdicts[leaf] = "made" if leaf.made else "undecided"
                continue
            for place, _ in leaf.places:
                places[place].append(leaf)
        self.by_place[id(case)] = places
        case.words = _words(places)
        alone = _overlapping(places) | {
            place for place, held in places.items() if any(leaf.identifies for leaf in held)
        }
        first = {place for held in places.values() for leaf in held for place, _ in leaf.places[:-1]} - alone
        plain = [place for place in places if place not in alone | first]
        return plain, [place for place in places if place in first], [p for p in places if p in alone]

    def _together(
        self, plain: list[tuple[Case, list[Source]]]
    ) -> dict[tuple[int, Source], tuple[Case, Source]]:
        """Change all these places at once; those whose leaves come out otherwise are doubtful."""
        doubtful = {}
        after = self._changed(plain)
        for case, places in plain:
            show, changed = after.get(id(case)), set(places)
            values = dict[tuple[Any, _Path], Any]() if show is None else _values(show)
            foreign = {word: place for place, word in case.words.items()}
            for leaf in case.leaves:
                if not leaf.certain:
                    continue
                now = values.get((leaf.key, leaf.path))
                own = {place for place, _ in leaf.places if place in changed}
                shown = set(_WORD.findall(_text(leaf, now)))
                if shown == {case.words[place] for place in own} and _as_said(leaf, now, own, case.words):
                    if own:
                        case.verdicts.setdefault(leaf, "right")
                    continue
                for place in own | {foreign[word] for word in shown if word in foreign}:
                    doubtful[id(case), place] = case, place
        return doubtful

    def _each(self, single: Iterable[tuple[Case, Source]]) -> None:
        """Change one place of each case at a time."""
        queues: dict[int, list[tuple[Case, Source]]] = defaultdict(list)
        for case, place in single:
            queues[id(case)].append((case, place))
        while queues:
            batch = [queue.pop() for queue in queues.values()]
            queues = {key: queue for key, queue in queues.items() if queue}
            after = self._changed([(case, [place]) for case, place in batch])
            for case, place in batch:
                self._judge(case, place, after.get(id(case)))

    def _judge(self, case: Case, place: Source, show: _Render | None) -> None:
        word = case.words[place]
        held = self.by_place[id(case)][place]
        if show is None:
            for leaf in held:
                case.verdicts.setdefault(leaf, "refused")
            return
        values = _values(show)
        loose = {(key[0], _loose(path), _spoken(value, key, path)) for (key, path), value in values.items()}
        for leaf in held:
            now = values.get((leaf.key, leaf.path))
            right = _shows(leaf, place, now, word) or (
                leaf.identifies
                and any(
                    (leaf.kind == kind or path == ("kind",))
                    and _loose(leaf.path) == path
                    and _is(leaf, place, text, word)
                    for kind, path, text in loose
                )
            )
            if not right:
                case.verdicts[leaf] = "wrong"
                case.notes[leaf] = f"{place}:{place.column}-{place.end_column} {word} gives {now!r}"
            else:
                case.verdicts.setdefault(leaf, "right")
                if case.verdicts[leaf] == "refused":
                    case.verdicts[leaf] = "right"
        moved = {_loose(leaf.path) for leaf in held if leaf.identifies}
        for leaf in case.leaves:
            elsewhere = not any(_within(own, place) or _within(place, own) for own, _ in leaf.places)
            now = _text(leaf, values.get((leaf.key, leaf.path)))
            if leaf.certain and elsewhere and word in now and _loose(leaf.path) not in moved:
                case.verdicts[leaf] = "wrong"
                case.notes[leaf] = f"{place} {word} comes out here, too"

    def _changed(self, changes: list[tuple[Case, list[Source]]]) -> dict[int, _Render]:
        """The cases' objects once the places hold their words; the files are left as they were."""
        kept: dict[Path, bytes] = {}
        for case, places in changes:
            case.refused = ""
            by_file: dict[Path, list[Source]] = defaultdict(list)
            for place in places:
                by_file[Path(str(place.file))].append(place)
            for file, inside in by_file.items():
                kept[file] = file.read_bytes()
                text = _read(file)
                for place in sorted(inside, key=_start, reverse=True):
                    text = _written(text, place, case.words[place])
                with file.open("w", newline="", encoding="utf-8") as opened:
                    opened.write(text)
        try:
            return self.kustomize.build([case for case, _ in changes])
        finally:
            for file, data in kept.items():
                file.write_bytes(data)


def _values(render: _Render) -> dict[tuple[Any, _Path], Any]:
    return {
        (key, path): value for key, resource in _by_key(render).items() for path, value in leaves(resource)
    }


def _loose(path: _Path) -> _Path:
    """A path whose items may stand elsewhere in their lists."""
    return tuple("*" if isinstance(key, int) else key for key in path)


def _spoken(value: Any, key: tuple[str, str, str], path: _Path) -> str:
    if key[0] == "Secret" and path[0] == "data" and isinstance(value, str):
        try:
            return base64.b64decode(value).decode()
        except ValueError:
            return value
    return spoken(value)


def _text(leaf: Leaf, value: Any) -> str:
    return _spoken(value, leaf.key, leaf.path)


def _as_said(leaf: Leaf, now: Any, changed: set[Source], words: dict[Source, str]) -> bool:
    """Whether a leaf is as it was, or its changed place's word. A composed one may change more:
    an image of another name is given no tag.
    """
    if not changed:
        return bool(now == leaf.value)
    return leaf.places[0][1] is not None or _text(leaf, now) == words[leaf.places[0][0]]


def _shows(leaf: Leaf, place: Source, now: Any, word: str) -> bool:
    return now is not None and _is(leaf, place, _text(leaf, now), word)


def _is(leaf: Leaf, place: Source, text: str, word: str) -> bool:
    """Whether a text shows a place's word: as the whole, or as a part of something composed."""
    whole = any(part is None for where, part in leaf.places if where == place)
    return text == word if whole else word in text


def _overlapping(places: Iterable[Source]) -> set[Source]:
    """Places with a part in common with one before them."""
    apart: set[Source] = set()
    by_file: dict[str | None, list[Source]] = defaultdict(list)
    for place in places:
        by_file[place.file].append(place)
    for inside in by_file.values():
        end = (0, 0)
        for place in sorted(inside, key=_start):
            if _start(place) < end:
                apart.add(place)
            else:
                end = _end(place)
    return apart


def _within(one: Source, other: Source) -> bool:
    """Whether a place is another one or a part of it."""
    return one.file == other.file and _start(other) <= _start(one) and _end(one) <= _end(other)


def _start(place: Source) -> tuple[int, int]:
    return place.line or 0, place.column or 0


def _end(place: Source) -> tuple[int, int]:
    return place.end_line or 0, place.end_column or 0


def _words(places: Iterable[Source]) -> dict[Source, str]:
    """A word for each place; a number where a number stands."""
    texts: dict[str, str] = {}
    words = {}
    for number, place in enumerate(places):
        file = str(place.file)
        if file not in texts:
            texts[file] = _read(Path(file))
        start, end = _offsets(place, texts[file])
        words[place] = str(8000000 + number) if _NUMBER.match(texts[file][start:end]) else f"zq{number}x"
    return words


def _read(file: Path) -> str:
    with file.open(newline="", encoding="utf-8") as opened:
        return opened.read()


def _offsets(place: Source, text: str) -> tuple[int, int]:
    """The first and last character of a place in its file."""
    assert place.line
    assert place.column
    assert place.end_line
    assert place.end_column
    start = 0
    for _ in range(place.line - 1):
        start = text.index("\n", start) + 1
    end = start
    for _ in range(place.end_line - place.line):
        end = text.index("\n", end) + 1
    return start + place.column - 1, end + place.end_column - 1


def _written(text: str, place: Source, word: str) -> str:
    start, end = _offsets(place, text)
    old = text[start:end]
    if not old and text[:start].endswith((":", "-")):
        word = f" {word}"
    elif len(old) > 1 and old[0] == old[-1] and old[0] in "'\"":
        word = old[0] + word + old[0]
    elif old.rstrip(" ").endswith("\n") and old != text:
        word += old[len(old.rstrip()) :]
    return text[:start] + word + text[end:]
