"""YAML text to Kubernetes objects, read as kubectl reads it, with the place of each document.

Values follow the YAML 1.1 dialect of Go's yaml.v2, which kubectl and Kustomize use
(https://github.com/yaml/go-yaml/blob/v2/resolve.go): `yes`, `on` and `y` are booleans, `1e3` is a
number, timestamps and base-60 numbers are strings. Positions are not kept: a document is composed
again when a finding needs the line of a field (`Document.locate`).
"""

import gc
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from validator.finding import ObjectRef, Path, Source, TargetError

MAX_BYTES = 64 * 2**20
"""A larger input is refused: 64 MiB is about 150,000 objects, far above etcd's comfort."""
MAX_DEPTH = 200
"""Deeper nesting is refused: libyaml's composer recurses on the C stack and would crash."""
MAX_EXPANDED = 1_000_000
"""Values that aliases may expand to in one document."""

_INT = re.compile(r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)$")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_TEMPLATE = "this looks like a template; render it first (`helm template …`) and pass the result"
_TAG = "tag:yaml.org,2002:"
_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_DEEP_INDENT = re.compile(rf"^[ \t?:-]{{{MAX_DEPTH}}}", re.MULTILINE)


def plain_scalar(text: str) -> Any:
    """The value of an unquoted scalar: None, bool, int, float or str."""
    try:
        return _WORDS[text]
    except KeyError:
        pass
    if text[0] not in "0123456789+-.":
        return text
    if _INT.match(text):
        return _integer(text)
    if _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def _integer(text: str) -> Any:
    digits = text.replace("_", "")
    sign, digits = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
    for prefix, base in (("0b", 2), ("0o", 8), ("0x", 16)):
        if digits.startswith(prefix):
            return sign * int(digits[2:], base)
    if len(digits) > 1 and digits[0] == "0":
        # yaml.v2 hands leading zeros to strconv.ParseInt(base 0): octal, or else a float or string.
        if all(c in "01234567" for c in digits):
            return sign * int(digits, 8)
        return float(text) if _FLOAT.match(text) else text
    if len(digits) > 4000:
        return text
    return sign * int(digits)


class _Locator(CParser):
    """libyaml's composer for positions only: values are not looked at, so a scalar costs no decision."""

    def resolve(self, kind: type[Node], value: Any, implicit: tuple[bool, bool]) -> Any:
        return None

    def descend_resolver(self, parent: Any, index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


class _Composer(_Locator):
    """Composes with our scalar rules: a plain or quoted scalar's `tag` is `(value,)`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._scalars: dict[str, tuple[Any]] = {}
        self._strings: dict[str, tuple[Any]] = {}

    def resolve(self, kind: type[Node], value: Any, implicit: tuple[bool, bool]) -> Any:
        if kind is not ScalarNode:
            return None
        if implicit[0]:
            known = self._scalars.get(value)
            if known is None:
                known = self._scalars[value] = (plain_scalar(value),)
            return known
        known = self._strings.get(value)
        if known is None:
            known = (value,)
            if len(value) < 64:
                self._strings[value] = known
        return known


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something a document's YAML does that the server would refuse or silently drop."""

    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: where it stands, and its text until a line inside it is asked for."""

    file: str
    text: str
    line: int
    column: int
    end_line: int
    end_column: int
    oddities: tuple[Oddity, ...] = ()
    indent: int = 0
    """Columns that the file has before those of `text`: that of a document inside another's block scalar."""

    @property
    def source(self) -> Source:
        return Source(self.file, self.line, self.column, self.end_line, self.end_column, "exact")

    def locate(self, path: Path) -> Source:
        """The span of the value at `path`; for an absent field, that of its nearest present parent.

        A parent is shown by its key (`resources:`), a list item by its first character.
        """
        node = shown = _compose_one(self.text)
        for key in path:
            step = _descend(node, key)
            if step is None:
                break
            shown, node = step
        else:
            if isinstance(node, ScalarNode):
                shown = node
        return self.span(shown)

    def span(self, node: Node) -> Source:
        """Where a node of this document's own composition stands; of a collection, its first character."""
        start, end = node.start_mark, node.end_mark
        if not isinstance(node, ScalarNode):
            end = start
        first = self.line - 1
        return Source(
            self.file,
            first + start.line + 1,
            start.column + self.indent + 1,
            first + end.line + 1,
            end.column + self.indent + 1,
            "exact",
        )


@lru_cache(maxsize=16)
def _compose_one(text: str) -> Node:
    parser = _Locator(text)
    parser.check_node()
    node = parser.get_node()
    assert node is not None  # it was composed once before
    return node


def scalar(node: ScalarNode) -> Any:
    """The value of a scalar that `compose` gave."""
    tag: Any = node.tag
    return tag[0] if type(tag) is tuple else _tagged(node)


def _descend(node: Node, key: str | int) -> tuple[Node, Node] | None:
    """The (node to show, node to go on from) for one step, or None when the step is absent."""
    if isinstance(node, MappingNode):
        found = None
        for key_node, value_node in node.value:
            if key_node.value == key:
                found = (key_node, value_node)
        return found
    if isinstance(node, SequenceNode) and isinstance(key, int) and 0 <= key < len(node.value):
        item = node.value[key]
        return item, item
    return None


@dataclass(slots=True)
class Resource:
    """A Kubernetes object: its identity, its value (plain dicts and lists) and its document.

    `base` is the path of the object inside its document: `("items", 3)` in a List, else empty.
    The value is shared and must not be changed.
    """

    ref: ObjectRef
    value: dict[str, Any]
    document: Document
    base: Path = ()

    @property
    def kind(self) -> str:
        return self.ref.kind

    @property
    def name(self) -> str:
        return self.ref.name

    @property
    def group(self) -> str:
        return self.ref.group

    @property
    def namespace(self) -> str:
        """The namespace it lands in when nothing else is said: `default`."""
        return self.ref.namespace or "default"

    def __str__(self) -> str:
        return str(self.ref)

    def get(self, *path: str | int) -> Any:
        """The value at a path, or None when any step is absent or of another type."""
        return dig(self.value, *path)


def dig(value: Any, *path: str | int) -> Any:
    """Follow keys and indices; None as soon as one is absent or the value has another type."""
    for key in path:
        if type(value) is dict:
            value = value.get(key)
        elif type(value) is list and type(key) is int and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one: broken objects still get judged."""
    return value if type(value) is dict else {}


def sequence(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if type(value) is list else []


def string(value: Any) -> str | None:
    """The value if it is a non-empty string."""
    return value if type(value) is str and value else None


def holds_null(value: Any) -> bool:
    """Whether there is a null anywhere in a mapping or list."""
    children: Any = value.values() if type(value) is dict else value
    return None in children or any(holds_null(c) for c in children if type(c) in (dict, list))


def spoken(value: Any) -> str:
    """A scalar as text, as it would be with quotes around it; null is the empty string, as in the API."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return str(value).lower()
    return "" if value is None else str(value)


def decode(data: bytes, file: str) -> str:
    """Bytes to text, or a TargetError that names the first byte that is not UTF-8."""
    if len(data) > MAX_BYTES:
        raise too_large(file, len(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise TargetError(
            f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}",
            hint="save the file as UTF-8 without other encodings",
            source=Source(file, line, column, line, column, "exact"),
        ) from None
    return text


def too_large(file: str, size: int) -> TargetError:
    return TargetError(
        f"{size / 2**20:,.0f} MiB is more than the {MAX_BYTES // 2**20} MiB that one input may have",
        hint="split it, or point at the overlay that it is rendered from",
        source=Source(file, certainty="origin"),
    )


@contextmanager
def no_collection() -> Iterator[None]:
    """Millions of small acyclic objects: the cyclic collector would only walk them over and over."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def parse(text: str, file: str) -> list[tuple[Any, Document]]:
    """Every document of a YAML (or JSON) text, empty ones included as None.

    Raises TargetError with file, line and column for broken YAML, for nesting deeper than
    MAX_DEPTH and for aliases that expand beyond MAX_EXPANDED.
    """
    return [construct(node, text, file) for node in compose(text, file)]


def compose(text: str, file: str) -> Iterator[Node]:
    """The nodes of every document, with their places in the text; `scalar` gives a scalar's value.

    Raises TargetError as `parse` does.
    """
    _check_depth(text, file)
    parser = _Composer(text)
    aliased = "*" in text and "&" in text
    with no_collection():
        try:
            while parser.check_node() and (node := parser.get_node()) is not None:
                if aliased:
                    _check_expansion(node, file, {})
                yield node
        except yaml.YAMLError as error:
            raise _syntax_error(error, text, file) from None


def construct(node: Node, text: str, file: str) -> tuple[Any, Document]:
    """The plain value of a document's node, and where the document stands in the text."""
    oddities: list[Oddity] = []
    value = _construct(node, oddities, file)
    start, end = node.start_mark, node.end_mark
    # A block collection's end mark is the start of the next token; step back to its last text.
    begin = start.index - start.column
    body = text[begin : end.index]
    stripped = body.rstrip()
    end_line = start.line + stripped.count("\n") + 1
    end_column = len(stripped) - (stripped.rfind("\n") + 1) + 1
    document = Document(file, body, start.line + 1, start.column + 1, end_line, end_column, tuple(oddities))
    return value, document


def _construct(node: Any, oddities: list[Oddity], file: str) -> Any:
    kind = type(node)
    if kind is ScalarNode:
        tag = node.tag
        return tag[0] if type(tag) is tuple else _tagged(node)
    if kind is SequenceNode:
        return [
            item.tag[0]
            if type(item) is ScalarNode and isinstance(item.tag, tuple)
            else _construct(item, oddities, file)
            for item in node.value
        ]
    result: dict[str, Any] = {}
    merges: list[Any] = []
    pairs = node.value
    for key_node, value_node in pairs:
        tag = key_node.tag
        key = tag[0] if type(tag) is tuple and type(key_node) is ScalarNode else _key(key_node)
        if type(value_node) is ScalarNode and isinstance(value_node.tag, tuple):
            value = value_node.tag[0]
        else:
            value = _construct(value_node, oddities, file)
        if type(key) is not str:
            if key_node.__class__ is not ScalarNode:
                mark = key_node.start_mark
                raise TargetError(
                    "a key of this mapping is itself a list or a mapping; Kubernetes keys are strings",
                    hint=_TEMPLATE if isinstance(key_node, MappingNode) else None,
                    source=Source(file, mark.line + 1, mark.column + 1, certainty="exact"),
                )
            spoken = _key(key_node)
            oddities.append(_odd(key_node, f"the key {key_node.value!r} is not a string; quote it"))
            key = spoken
        elif key == "<<" and not key_node.style:
            merges.append(value)
            continue
        if key in result:
            oddities.append(_odd(key_node, f"the key {key!r} stands here a second time; the last one counts"))
        result[key] = value
    for merge in merges:
        for source in merge if type(merge) is list else [merge]:
            if type(source) is dict:
                for key, value in source.items():
                    result.setdefault(key, value)
    return result


def _odd(node: Node, message: str) -> Oddity:
    return Oddity(message, node.start_mark.line + 1, node.start_mark.column + 1)


def _key(node: Any) -> Any:
    """A key as JSON has it: a string; None for a key that is a collection."""
    if not isinstance(node, ScalarNode):
        return None
    value = node.tag[0] if isinstance(node.tag, tuple) else _tagged(node)
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tagged(node: Any) -> Any:
    """An explicitly tagged scalar; unknown tags leave the text, as Go's yaml does."""
    tag, text = node.tag, node.value
    if tag in ("!", _TAG + "str", _TAG + "binary"):
        return text
    value = plain_scalar(text)
    if tag == _TAG + "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value if tag in (_TAG + "int", _TAG + "bool", _TAG + "null", _TAG + "float") else text


def _check_depth(text: str, file: str) -> None:
    """Refuse nesting that would overflow the C stack, before the composer sees it.

    Depth needs either many flow brackets or a long indent within one document, so nearly every
    document is cleared by counting; the others are walked by events, which do not recurse.
    """
    starts = [match.start() for match in _SEPARATOR.finditer(text)]
    if not starts or starts[0] != 0:
        starts.insert(0, 0)
    starts.append(len(text))
    for begin, end in pairwise(starts):
        brackets = text.count("[", begin, end) + text.count("{", begin, end)
        if brackets >= MAX_DEPTH or _DEEP_INDENT.search(text, begin, end):
            _walk_depth(text[begin:end], file, text.count("\n", 0, begin))


def _walk_depth(text: str, file: str, first_line: int) -> None:
    parser = CParser(text)
    depth = 0
    try:
        while not isinstance(event := parser.get_event(), yaml.StreamEndEvent):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise _too_deep(event.start_mark, file, first_line)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        # libyaml may look 1,024 characters ahead for a key, and stop at a limit of its own before we do.
        if "nesting depth" in str(getattr(error, "problem", "")):
            raise _too_deep(getattr(error, "problem_mark", None), file, first_line) from None
        return  # reported with the position in the whole file by the composer, which stops there too


def _too_deep(mark: Any, file: str, first_line: int) -> TargetError:
    line, column = (first_line + mark.line + 1, mark.column + 1) if mark else (None, None)
    return TargetError(
        f"nested more than {MAX_DEPTH} levels deep, which no Kubernetes object is",
        source=Source(file, line, column, certainty="exact"),
    )


def _check_expansion(node: Node, file: str, sizes: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """(values, height) of a node with aliases expanded; anchors precede aliases, so one visit each."""
    known = sizes.get(id(node))
    if known is not None:
        return known
    count, height = 1, 0
    if type(node) is not ScalarNode:
        sizes[id(node)] = (MAX_EXPANDED, MAX_DEPTH)  # an alias to a node still open never ends
        for child in node.value:
            for part in child if type(child) is tuple else (child,):
                inner, level = _check_expansion(part, file, sizes)
                count += inner
                height = max(height, level + 1)
    if count > MAX_EXPANDED or height > MAX_DEPTH:
        mark = node.start_mark
        raise TargetError(
            f"aliases here expand to more than {MAX_EXPANDED:,} values or {MAX_DEPTH} levels",
            hint="write the values out; Kubernetes would refuse this document too",
            source=Source(file, mark.line + 1, mark.column + 1, certainty="exact"),
        )
    sizes[id(node)] = (count, height)
    return count, height


def _syntax_error(error: yaml.YAMLError, text: str, file: str) -> TargetError:
    """libyaml's complaint as one sentence with its place."""
    hint = None
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    line = column = None
    if mark is not None:
        line, column = mark.line + 1, mark.column + 1
        lines = text.split("\n", line)
        bad = lines[line - 1] if line <= len(lines) else ""
        if "{{" in bad or "{%" in bad:
            hint = _TEMPLATE
        elif "\t" in bad[: column + 1]:
            hint = "YAML does not allow a tab for indentation"
        elif problem == "found undefined alias":
            hint = "an anchor holds from where it stands to the end of its own document, not beyond `---`"
    elif (position := getattr(error, "position", None)) is not None:
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
    message = f"broken YAML: {problem}" + (f" ({context})" if context else "")
    return TargetError(message, hint=hint, source=Source(file, line, column, line, column, "exact"))


def resources(documents: list[tuple[Any, Document]]) -> list[Resource]:
    """The Kubernetes objects of parsed documents, those inside a List included.

    Raises TargetError for a document that is no object, or has no apiVersion, kind or name.
    """
    found: list[Resource] = []
    for value, document in documents:
        if value is not None:
            _collect(value, document, (), found)
    return found


def _collect(value: Any, document: Document, base: Path, found: list[Resource]) -> None:
    if not isinstance(value, dict):
        raise TargetError(
            f"a {_type_name(value)} where a Kubernetes object belongs",
            source=document.locate(base),
        )
    for key in ("apiVersion", "kind"):
        given = value.get(key)
        if type(given) is not str or not given:
            raise TargetError(
                f"not a Kubernetes object: no `{key}`"
                if given is None
                else f"not a Kubernetes object: `{key}` is {_type_name(given)}",
                hint="pass manifests only; values files and other YAML cannot be judged",
                source=document.locate((*base, key)),
            )
    api_version, kind = value["apiVersion"], value["kind"]
    items = value.get("items")
    empty = items is None and (kind == "List" or "items" in value)
    if kind.endswith("List") and (empty or type(items) is list):
        for index, item in enumerate(sequence(items)):
            _collect(item, document, (*base, "items", index), found)
        return
    metadata = mapping(value.get("metadata"))
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if name is None:
        name = f"{metadata['generateName']}*" if "generateName" in metadata else ""
    ref = ObjectRef(
        api_version,
        kind,
        str(namespace) if namespace not in (None, "") else None,
        str(name),
        len(found),
    )
    found.append(Resource(ref, value, document, base))


def _type_name(value: Any) -> str:
    names: Mapping[type, str] = {
        str: "string",
        bool: "boolean",
        int: "number",
        float: "number",
        list: "list",
        dict: "mapping",
    }
    return names.get(type(value), "null")
