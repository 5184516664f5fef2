"""Text of strangers on a terminal: names from a cluster and words of a model may hold escapes, and none may reach the screen."""

import re

# C0 and C1 controls but newline, DEL, and the marks that turn the direction of text around
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """The text with every control character shown instead of obeyed."""
    return _UNSAFE.sub(lambda found: " " if found[0] == "\t" else f"\\x{ord(found[0]):02x}", text)
