"""YAML as kubectl reads it, and the place of every value."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validator.finding import TargetError
from validator.manifest import decode, parse, resources


@pytest.mark.parametrize(
    ("written", "read"),
    [
        # https://github.com/yaml/go-yaml/blob/v2/resolve.go
        ("yes", True),
        ("On", True),
        ("y", True),
        ("NO", False),
        ("off", False),
        ("yEs", "yEs"),
        ("~", None),
        ("", None),
        ("null", None),
        ("nUll", "nUll"),
        ("0x1F", 31),
        ("0b101", 5),
        ("0o17", 15),
        ("017", 15),
        ("089", 89.0),
        ("1_000", 1000),
        ("-5", -5),
        ("+5", 5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e+21", 1e21),
        ("1e999", "1e999"),
        (".inf", math.inf),
        ("12:30:45", "12:30:45"),
        ("2026-01-02", "2026-01-02"),
        ("=", "="),
        ("500m", "500m"),
        ("1.2.3", "1.2.3"),
        ('"yes"', "yes"),
        ("'017'", "017"),
        ("!!str yes", "yes"),
        ("!!int '5'", 5),
        ("!custom text", "text"),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars(written: str, read: object) -> None:
    value = parse(f"key: {written}\n", "x.yaml")[0][0]["key"]
    assert value == read
    assert type(value) is type(read)


# YAML allows no control characters and no noncharacters, and breaks lines at U+2028 and U+2029, too.
_TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff"
    ),
    max_size=20,
)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
        max_leaves=12,
    )
)
def test_what_is_written_as_json_is_read_back(value: object) -> None:
    text = json.dumps({"value": value}, ensure_ascii=False)
    assert parse(text, "x.yaml")[0][0] == {"value": value}


def test_merge_keys_and_aliases() -> None:
    text = "base: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: *base\n"
    assert parse(text, "x.yaml")[0][0] == {
        "base": {"a": 1, "b": 2},
        "one": {"a": 1, "b": 3},
        "two": {"a": 1, "b": 2},
    }


def test_oddities_are_kept_with_their_place() -> None:
    ((value, document),) = parse("a: 1\n1: x\na: 2\n", "x.yaml")
    assert value == {"a": 2, "1": "x"}
    assert [(o.line, o.message) for o in document.oddities] == [
        (2, "the key '1' is not a string; quote it"),
        (3, "the key 'a' stands here a second time; the last one counts"),
    ]


TWO = """\
# a comment
apiVersion: v1
kind: ConfigMap
metadata:
  name: one
data:
  a: first
  list: |
    text
---
apiVersion: v1
kind: Pod
metadata: {name: two}
spec:
  containers:
  - name: app
    image: app:1
  - {name: side, image: "side:1"}
"""


@pytest.mark.parametrize(
    ("index", "path", "shown"),
    [
        (0, ("metadata", "name"), (5, 9, 5, 12)),
        (0, ("data", "a"), (7, 6, 7, 11)),
        (1, ("spec", "containers", 0, "image"), (17, 12, 17, 17)),
        (1, ("spec", "containers", 1, "image"), (18, 25, 18, 33)),
        (1, ("spec", "containers", 1), (18, 5, 18, 5)),
        (1, ("spec", "containers"), (15, 3, 15, 13)),
        # What is absent is shown by its nearest present parent.
        (1, ("spec", "containers", 0, "resources", "limits"), (16, 5, 16, 5)),
        (1, ("spec", "containers", 7, "image"), (15, 3, 15, 13)),
        (0, ("spec",), (2, 1, 2, 1)),
    ],
)
def test_every_value_has_its_place(
    index: int, path: tuple[str | int, ...], shown: tuple[int, int, int, int]
) -> None:
    document = parse(TWO, "x.yaml")[index][1]
    source = document.locate(path)
    assert (source.line, source.column, source.end_line, source.end_column) == shown


def test_documents_span_their_text() -> None:
    spans = [(d.line, d.end_line) for _, d in parse(TWO, "x.yaml")]
    assert spans == [(2, 9), (11, 18)]


def test_windows_line_ends_and_byte_order_mark() -> None:
    text = decode(b"\xef\xbb\xbfapiVersion: v1\r\nkind: Pod\r\nmetadata: {name: x}\r\n", "x.yaml")
    ((value, document),) = parse(text, "x.yaml")
    assert value["metadata"]["name"] == "x"
    assert document.locate(("kind",)).line == 2


def test_json_is_yaml() -> None:
    text = '{"apiVersion": "v1", "kind": "Pod",\n\t"metadata": {"name": "x"}}'
    assert resources(parse(text, "x.json"))[0].name == "x"


def test_lists_are_their_items() -> None:
    item = "{apiVersion: v1, kind: Pod, metadata: {name: %s}}"
    text = f"apiVersion: v1\nkind: PodList\nitems:\n- {item % 'a'}\n- {item % 'b'}\n"
    found = resources(parse(text, "x.yaml"))
    assert [(r.name, r.base) for r in found] == [("a", ("items", 0)), ("b", ("items", 1))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "a list where a Kubernetes object belongs"),
        ("just text\n", "a string where a Kubernetes object belongs"),
        ("kind: Pod\n", "no `apiVersion`"),
        ("apiVersion: v1\nkind: 3\n", "`kind` is number"),
    ],
)
def test_what_is_no_object(text: str, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        resources(parse(text, "x.yaml"))


def test_an_anchor_of_another_document_is_explained() -> None:
    with pytest.raises(TargetError, match="undefined alias") as caught:
        parse("a: &labels {b: c}\n---\na: *labels\n", "x.yaml")
    assert "not beyond `---`" in (caught.value.unjudged.hint or "")
    assert caught.value.unjudged.source.line == 3


@pytest.mark.parametrize("text", ["kind: List\nitems: null\n", "kind: List\n", "kind: PodList\nitems:\n"])
def test_a_list_of_nothing_is_no_object(text: str) -> None:
    assert resources(parse(f"apiVersion: v1\n{text}", "x.yaml")) == []
