"""Requests as a client puts them on the wire, and as a data plane reads them there."""

import pytest

from aichaos.domain.hostnames import patterns
from aichaos.domain.prediction import RequestLine
from aichaos.predict.routing.paths import normalised
from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.request import read


def test_blanks_around_a_header_are_not_part_of_it() -> None:
    request = read(RequestLine(method="GET", url="http://a.test/", headers=(("X-A", " a b\t"),)))
    assert request.headers == (("X-A", "a b"),)


def test_an_empty_label_is_no_label() -> None:
    assert "*.shop.test" not in patterns(".shop.test")
    assert "*.shop.test" in patterns("a.shop.test")


@pytest.mark.parametrize(
    ("path", "read_as"),
    [
        ("/a{b|c}", "/a%7Bb%7Cc%7D"),
        ('/"<>^`', "/%22%3C%3E%5E%60"),
        ("/[;]~", "/[;]~"),
        ("/a%b", "/a%b"),
        ("/a%%41b", "/a%25Ab"),  # else `%A` and `b` would be an escape that nobody wrote
        ("/a%4%31", "/a%2541"),
        ("/a%%41", "/a%A"),
    ],
)
def test_what_is_no_letter_of_a_path_is_escaped(path: str, read_as: str) -> None:
    assert normalised(path, CONTOUR.normalise) == read_as
