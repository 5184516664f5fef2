"""Expressions that are compiled late can be compiled, and behave as the ones of `re`."""

import gc
import importlib
import pkgutil
import re

import pytest

import aichaos
from aichaos.domain import patterns
from aichaos.domain.patterns import pattern


def test_every_expression_of_the_program_can_be_compiled() -> None:
    for module in pkgutil.walk_packages(aichaos.__path__, "aichaos."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.unfreeze()  # a large cluster that another test has read hides what was there from the collector
    gc.collect()  # and yet another's wrong expression may be waiting for it
    late = [held for held in gc.get_objects() if type(held) is patterns._Pattern]
    assert len(late) > 80, "are they still made this way?"
    assert all(held.groups >= 0 for held in late)


def test_a_wrong_expression_is_refused_at_its_first_use() -> None:
    late = pattern("(")
    with pytest.raises(re.error):
        late.search("x")


def test_it_does_what_the_one_of_re_does() -> None:
    late, real = pattern(r"(?P<a>\d+)x", re.IGNORECASE), re.compile(r"(?P<a>\d+)x", re.IGNORECASE)
    assert [m["a"] for m in late.finditer("1x 22X")] == [m["a"] for m in real.finditer("1x 22X")] == ["1", "22"]
    assert (late.pattern, late.flags, late.groupindex) == (real.pattern, real.flags, real.groupindex)
    assert late.sub("_", "3X") == "_"
    assert pattern(rb"\d").search(b"a1") is not None
