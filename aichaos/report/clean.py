"""Text of strangers on a terminal: names from a cluster and words of a model may hold escapes, and none may reach the screen."""

import re

# C0 and C1 controls but newline, DEL, the marks that turn the direction of text around (Unicode TR 9), other line ends, half characters
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with every control character shown instead of obeyed."""
    return _UNSAFE.sub(lambda found: " " if found[0] == "\t" else f"\\x{ord(found[0]):02x}", text)
