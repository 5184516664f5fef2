"""What the user's sentence asks to be shown, beside what it asks to be done."""

import re

_YAML = re.compile(r"\b(?:yamls?|manifests?|templates?)\b", re.IGNORECASE)
_COMMANDS = re.compile(r"\b(?:kubectl|commands?)\b", re.IGNORECASE)
_SCENARIO = re.compile(
    r"\b(?:scenario|idea|test|experiment|suggestion|option|number)\s*(?:no\.?|nr\.?|number|#)?\s*#?(\d{1,2})\b(?!\s*%)", re.IGNORECASE
)
_ORDINAL = re.compile(r"\b(first|second|third|fourth|fifth)\s+(?:one|scenario|idea|test|experiment|suggestion)\b", re.IGNORECASE)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}


def asks_for_yaml(text: str) -> bool:
    """Whether the manifests themselves are wanted on the screen."""
    return bool(_YAML.search(text))


def asks_for_commands(text: str) -> bool:
    return bool(_COMMANDS.search(text))


def one_scenario(text: str) -> int | None:
    """The number of the one scenario that a sentence speaks of: `perform scenario 1`, `the second idea`; None where it speaks of none."""
    match = _SCENARIO.search(text)
    if match:
        return int(match[1]) or None
    ordinal = _ORDINAL.search(text)
    return _ORDINALS[ordinal[1].lower()] if ordinal else None
