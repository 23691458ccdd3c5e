"""Selectors as Kubernetes reads them."""

import pytest

from validator.cluster.selector import EVERYTHING, NOTHING, Selector

API = {"app": "api", "tier": "web"}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        (None, False),
        ({"matchLabels": {"app": "api"}}, True),
        ({"matchLabels": {"app": "api", "tier": "db"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "api"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]}, False),
        # NotIn and DoesNotExist hold for pods without the key.
        ({"matchExpressions": [{"key": "absent", "operator": "NotIn", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "absent", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "exists"}]}, False),
        (
            {
                "matchLabels": {"app": "api"},
                "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}],
            },
            False,
        ),
    ],
)
def test_label_selector(selector: object, matches: bool) -> None:
    assert Selector.parse(selector).matches(API) is matches


def test_a_services_selector_selects_nothing_when_empty() -> None:
    assert Selector.equality({}) is NOTHING
    assert Selector.equality(None) is NOTHING
    assert Selector.equality({"app": "api"}).matches(API)


def test_selectors_print_as_kubectl_writes_them() -> None:
    expressions = [
        {"key": "tier", "operator": "NotIn", "values": ["b", "a"]},
        {"key": "x", "operator": "DoesNotExist"},
        {"key": "y", "operator": "Exists"},
    ]
    selector = Selector.parse({"matchLabels": {"app": "api"}, "matchExpressions": expressions})
    assert str(selector) == "app=api, tier not in (a, b), !x, y"
    assert (str(EVERYTHING), str(NOTHING)) == ("everything", "nothing")


def test_unquoted_values_are_spoken_as_the_api_has_them() -> None:
    assert Selector.parse({"matchLabels": {"on": True, "n": 5, "none": None}}).matches(
        {"on": "true", "n": "5", "none": ""}
    )
