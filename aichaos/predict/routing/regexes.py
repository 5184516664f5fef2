"""Regular expressions as gateways read them: RE2, which has no backreferences and no lookaround, always against the whole value.

The engine behind it costs 10 ms to load and is loaded with the first expression.
"""

from collections.abc import Callable
from functools import lru_cache

Test = Callable[[str], bool]


@lru_cache(maxsize=65_536)
def compiled(pattern: str) -> Test | None:
    """A test of whole values; None for what RE2 refuses."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        fullmatch = re2.compile(pattern, options).fullmatch
    except re2.error:
        return None
    return lambda value: fullmatch(value) is not None


def valid(pattern: str) -> bool:
    return compiled(pattern) is not None


def whole(pattern: str, value: str) -> bool:
    """Whether the whole value matches; never, where RE2 refuses the pattern."""
    test = compiled(pattern)
    return test is not None and test(value)


def quoted(text: str) -> str:
    import re

    return re.escape(text)
