"""Fields of one name, in order of arrival."""

import pytest

from echo.clientip.headers import fields

REQUEST = [
    ("Host", "whoami.example.com"),
    ("X-Forwarded-For", "203.0.113.7"),
    ("User-Agent", "curl/8.5.0"),
    ("x-forwarded-for", "10.0.0.2"),
    ("X-FORWARDED-FOR", ""),
]


@pytest.mark.parametrize("name", ["X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR"])
def test_every_field_of_the_name_in_order_whatever_its_case(name):
    assert fields(REQUEST, name) == ["203.0.113.7", "10.0.0.2", ""]


def test_a_field_that_is_not_there():
    assert fields(REQUEST, "Forwarded") == []
    assert fields([], "X-Forwarded-For") == []


@pytest.mark.parametrize(
    "other",
    ["X_Forwarded_For", "X-Forwarded-For ", " X-Forwarded-For", "X-Forwarded-For\0", "X\u2010Forwarded\u2010For"],
)
def test_names_that_only_look_alike_are_other_names(other):
    """A proxy that strips X-Forwarded-For lets these through: they must not count as it."""
    assert fields([(other, "1.2.3.4")], "X-Forwarded-For") == []
