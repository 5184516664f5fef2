"""Words of a change that speak of two values: what it was and what it is to be, or by how much it is to change."""

import re

_FROM_TO = re.compile(
    r"\bfrom[ ]+(?:about[ ]+)?\d[\w.,%]*(?:[ ]+(?:ms|s|sec|seconds?|min|minutes?|%|percent|replicas?|pods?))?[ ]+(?=to[ ]+\d)",
    re.IGNORECASE,
)


def new_values(text: str) -> str:
    """`from 1000 ms to 500 ms` of a change: what it is to be, not what it was."""
    return _FROM_TO.sub(" ", text)


_BY_HOW_MUCH = re.compile(
    r"\b(?:increase|raise|extend|lengthen|prolong|reduce|decrease|lower|shorten|cut|add|grow|shrink)[a-z]*\b[^.;,\d]{0,40}?\b"
    r"(?:by|another|more)\s+\d[\d.]*\s*(?:ms|s|%|pods?|replicas?)?(?![a-z])"
    r"|\b\d[\d.]*\s*(?:ms|s|%|pods?|replicas?)?\s+(?:more|less|longer|shorter|higher|lower|fewer)\b(?!\s+than)",
    re.IGNORECASE,
)


def by_how_much(text: str) -> tuple[str, tuple[str, ...]]:
    """The sentence without numbers that say by how much something is to change, and these: read as what it is to be they would be wrong."""
    told = tuple(f"{' '.join(match[0].split())} (say what it is to be)" for match in _BY_HOW_MUCH.finditer(text))
    return _BY_HOW_MUCH.sub(" … ", text) if told else text, told
