"""Regular expressions as Go reads them: RE2, whose time grows with the text and never with its square.

Python's own differ where nobody expects it (`$` before a last line break, `\\d` beyond ASCII), and a hostile text can stop them for hours.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

_REMEMBERED = 4096
"""Answers that are kept for a pattern: names, hosts and paths come again and again."""


class BadPatternError(Exception):
    """RE2 does not take the pattern."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """Raises BadPatternError."""
    import re2  # costs as much as a tenth of a start

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise BadPatternError(said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from error


@lru_cache(maxsize=512)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether the pattern is found anywhere in a text. Raises BadPatternError."""
    search = compiled(pattern).search
    known: dict[str, bool] = {}

    def matches(text: str) -> bool:
        answer = known.get(text)
        if answer is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            answer = known[text] = search(text.encode("utf-8", "replace").decode()) is not None
        return answer

    return matches
