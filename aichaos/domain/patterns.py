"""Regular expressions that are compiled when they are first used.

Compiling them all is a tenth of a start of `suggest`, which uses few. For the modules that hold many or large ones; a single small one is
`re.compile`, as everywhere.
"""

import re
from typing import Any, AnyStr, cast


def pattern(text: AnyStr, flags: int = 0) -> "re.Pattern[AnyStr]":
    """What `re.compile` gives, made at its first use. Until then nobody knows whether `text` can be compiled: a test tries them all."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))


class _Pattern:
    def __init__(self, text: Any, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        """A method or a field of the compiled expression; kept, so that it is asked for once."""
        if name.startswith("_"):  # copying and pickling look for these, and so does whoever wants a real one
            raise AttributeError(name)
        value = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, value)
        return value
