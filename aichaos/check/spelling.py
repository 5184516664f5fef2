"""What somebody may have meant, and how to say what there is instead."""

from collections.abc import Iterable

_SHOWN = 5
_COMPARED = 60
"""Names that are compared letter by letter, out of the thousands that a namespace may hold."""
_MAX_LENGTH = 100
"""Longer words are nobody's slip of the pen, and comparing them costs the square of their length."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is closest in spelling, whatever its case; None where none is close."""
    close = _close(word, known, 1)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or nothing."""
    guess = nearest(word, known)
    return f"; did you mean {guess}?" if guess else ""


def there_are(known: Iterable[str], wanted: str = "") -> str:
    """`there are a, b, c`: those that are close to what was wanted, else the first few of all."""
    names = sorted(set(known))
    if not names:
        return "there is none"
    shown = sorted(_close(wanted, names, _SHOWN)) or names[:_SHOWN]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) and shown == names[:_SHOWN] else ""
    return f"there {'is' if len(shown) == 1 and not more else 'are'} {', '.join(shown)}{more}"


def _close(word: str, known: Iterable[str], count: int) -> list[str]:
    if not word or len(word) > _MAX_LENGTH:
        return []
    from difflib import get_close_matches  # only a mistake needs them, and every start would pay for them
    from heapq import nlargest

    lowered: dict[str, str] = {}
    for name in known:
        lowered.setdefault(name.lower(), name)
    asked, candidates = word.lower(), list(lowered)
    if len(candidates) > _COMPARED:
        candidates = nlargest(_COMPARED, candidates, key=lambda name: _alike(asked, name))
    return [lowered[match] for match in get_close_matches(asked, candidates, n=count, cutoff=0.6)]


def _alike(word: str, name: str) -> int:
    """How many letters two words share at their ends: a cheap measure for choosing what is worth comparing."""
    return _shared(word, name) + _shared(word[::-1], name[::-1]) - abs(len(word) - len(name))


def _shared(one: str, other: str) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count
