"""Functions that are loaded when something needs them: most files hold a few kinds, and every start would pay for the rules of all."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any


@cache
def late(name: str) -> Callable[..., Any]:
    """The function of a dotted name below this package, as in `admission.workloads.pod`."""
    module, _, function = name.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(f"aichaos.check.{module}"), function)
    return found
