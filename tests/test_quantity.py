"""Quantities are exact, and shown as the API writes them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validator.cluster.quantity import quantity, show_bytes, show_cpu


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("500m", Fraction(1, 2)),
        ("2", Fraction(2)),
        (2, Fraction(2)),
        (0.1, Fraction(1, 10)),
        ("0.1", Fraction(1, 10)),
        ("1Gi", Fraction(2**30)),
        ("1G", Fraction(10**9)),
        ("1.5Gi", Fraction(3 * 2**29)),
        (".5", Fraction(1, 2)),
        ("1e3", Fraction(1000)),
        ("1E3", Fraction(1000)),
        ("1E", Fraction(10**18)),
        ("100n", Fraction(1, 10**7)),
        ("512MB", None),
        ("1 Gi", None),
        ("", None),
        ("Gi", None),
        (True, None),
        (None, None),
    ],
)
def test_quantity(written: object, number: Fraction | None) -> None:
    assert quantity(written) == number


@given(st.integers(1, 10**7))
def test_shown_cpu_means_the_same(milli: int) -> None:
    assert quantity(show_cpu(Fraction(milli, 1000))) == Fraction(milli, 1000)


@given(st.integers(1, 2**44))
def test_shown_bytes_are_close(amount: int) -> None:
    shown = quantity(show_bytes(Fraction(amount)))
    assert shown is not None
    assert abs(shown - amount) <= Fraction(amount, 100)
