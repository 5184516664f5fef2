"""How many tokens a text is at most, without a tokenizer.

Every provider counts otherwise, and most tell only afterwards. Chunks by kind times 1.3 is an upper bound for the eight vocabularies
that we could compare with, prose, YAML, Chinese, base64 and stand-ins for names included: `python -m benchmarks.tokens`. It is our
estimate; what a provider counted is said as the provider's.
"""

import itertools
import re

_CHUNK = re.compile(r"[A-Za-z]{1,6}|[^\sA-Za-z0-9]| {1,16}|[^\S \n\t]")
_ALONE = re.compile(r"[0-9\n\t]")
"""What some tokenizers count one by one: digits, ends of lines."""
_UNSPEAKABLE = re.compile(r"[B-DF-HJ-NP-TV-XZb-df-hj-np-tv-xz]{3,}")
"""Letters that no word has in a row, which few vocabularies hold in one piece."""
_OTHERS = re.compile(r"[^\x00-\x7f]+")
_RANDOM = re.compile(r"[A-Za-z0-9+/=]{7,}")
_NO_WORD = re.compile(r"[a-z]{20,}|[A-Z]{20,}")
"""Letters in a row that are longer than words are: most vocabularies hold them two by two."""


def tokens(text: str) -> int:
    """An upper bound of the tokens in a text: chunks by kind, bytes where a script has no words, more where letters are random."""
    others = sum(len(piece.encode("utf-8", "replace")) for piece in _OTHERS.findall(text))
    random = sum(len(run) // 3 for run in _RANDOM.findall(text) if _mixed(run))
    random += sum(len(run) // 2 for run in _UNSPEAKABLE.findall(text)) + sum(len(run) // 2 for run in _NO_WORD.findall(text))
    return -(-13 * len(_CHUNK.findall(text)) // 10) + len(_ALONE.findall(text)) + others + random


def _mixed(run: str) -> bool:
    """Whether letters and digits change so often that no word is in it: base64, hashes."""
    changes = sum(_class(one) != _class(other) for one, other in itertools.pairwise(run))
    return changes * 4 >= len(run)


def _class(character: str) -> int:
    return 0 if character.islower() else 1 if character.isupper() else 2 if character.isdigit() else 3


def shortened(text: str, room: int) -> str:
    """The beginning of a text that is at most so many tokens."""
    if tokens(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens(text[:middle]) <= room else (low, middle - 1)
    return text[:low]
