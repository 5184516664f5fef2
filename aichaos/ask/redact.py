"""Secrets in a text: found by their shape, or by what is said beside them; taken out before anything leaves, whoever is asked.

Shapes are those that the issuers document (prefix, alphabet, length); what is said beside a secret is in `leads.py`. The search is one
automaton of google-re2: linear in the text, whatever stands in it, and about a hundred times as fast as `re` with the same alternatives
(`python -m benchmarks.asking`).
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from aichaos.ask.leads import LEADS, PLACE, READERS, Span

_SHAPES = {
    "key": (
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s\\:,-]*",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b",
        r"\bAIza[0-9A-Za-z_-]{35}",
        r"\b(?:sk|rk|pk)[-_][A-Za-z0-9_-]{16,}",
        r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
        r"\bAGE-SECRET-KEY-1[0-9A-Z]{20,}",
    ),
    "token": (
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        r"\bgh[oprsu]_[A-Za-z0-9]{20,}",
        r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        r"\b(?:glpat|gldt|glrt|glsoat)-[A-Za-z0-9_-]{16,}",
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"\b(?:npm_|hf_|dckr_pat_|shpat_|pypi-|hvs\.|hvb\.|ya29\.|dop_v1_|lin_api_)[A-Za-z0-9_-]{16,}",
    ),
    "url": (r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@＠\"']+[:：][^\s/@＠\"']+[@＠]",),
    "mail": (r"[A-Za-z0-9._%+-]+[@＠][A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:[.．][A-Za-z0-9-]+)*[.．][A-Za-z]{2,}",),
    "random": (r"\b[A-Za-z0-9+/_-]{40,}={0,2}",),
}
"""What is a secret by itself, by what it is called in its place."""

Name = Callable[[str, str], str]
"""Kind and secret → what stands in its place."""


_KINDS = (*_SHAPES, *LEADS)
PATTERN = "|".join(
    [
        *(f"(?P<{kind}>{'|'.join(shapes)})" for kind, shapes in _SHAPES.items()),
        *(f"(?P<{kind}>(?i:{lead}))" for kind, lead in LEADS.items()),
    ]
)
"""All of it as one expression, a group for each kind."""


@cache
def _automaton() -> Any:
    import re2  # only where a prompt is made

    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    return re2.compile(PATTERN, options)


def redact(text: str, name: Name) -> str:
    """The text without its secrets and e-mail addresses; `name` gives what stands in the place of each."""
    if not text:
        return text
    pieces: list[str] = []
    last = 0
    for span in _merged(_spans(text)):
        secret = text[span.start : span.end]
        if PLACE.fullmatch(secret):
            continue
        pieces += [text[last : span.start], name(span.kind, secret)]
        last = span.end
    return "".join([*pieces, text[last:]]) if pieces else text


def _spans(text: str) -> list[Span]:
    """Every secret, in order of what led to it."""
    found: list[Span] = []
    end = 0
    # re2 counts in bytes where all is ASCII, and maps positions itself where it is not
    for match in _automaton().finditer(text):
        kind = _KINDS[match.lastindex - 1]  # by its number: re2 makes the table of names anew for each match
        if kind in READERS:
            if match.end() < end:
                continue  # inside of what is a secret as a whole
            read = list(READERS[kind](text, match))
        else:
            read = [Span(*_inner(kind, match), "secret" if kind == "url" else kind)] if _random(kind, match.group()) else []
        if read:
            found += read
            end = max(end, read[-1].end) if kind != "command" else end
    return found


def _merged(spans: list[Span]) -> Iterator[Span]:
    """In order of the text, those that overlap as one."""
    current: Span | None = None
    for span in sorted(spans):
        if current is not None and span.start < current.end:
            current = Span(current.start, max(current.end, span.end), current.kind)
        else:
            if current is not None:
                yield current
            current = span
    if current is not None:
        yield current


def _inner(kind: str, match: Any) -> tuple[int, int]:
    """Of a URL, what stands between its scheme and the @."""
    if kind != "url":
        return match.start(), match.end()
    return match.start() + match.group().index("://") + 3, match.end() - 1


_COULD_BE = re.compile(
    r"[:=@]|[A-Za-z0-9+/_.-]{16,}|[^\x00-\x7f]|[ \t]-[apuw]|bearer|basic|pass|pwd|wort|woord|pin|secret|token|key|credential|cookie"
    r"|mdp|contrasena|senha|parola|haslo|heslo|jelszo|losenord|salasana|adgangskode|sifre|clave|cle",
    re.IGNORECASE,
)
"""What every shape and every lead above has something of: a sentence without it needs no automaton, which takes its time to load."""


def without_secrets(text: str) -> str:
    """A text for a file that stays here: what is secret in it is gone for good."""
    return redact(text, lambda kind, secret: f"redacted-{kind}") if _COULD_BE.search(text) else text


def _random(kind: str, found: str) -> bool:
    """Whether a long run of letters and digits is random rather than a long name: its classes of characters change all the time."""
    if kind != "random":
        return True
    digits = sum(character.isdigit() for character in found)
    return digits >= 3 and sum(_class(one) != _class(other) for one, other in pairwise(found)) * 3 >= len(found)


def _class(character: str) -> int:
    return 0 if character.islower() else 1 if character.isupper() else 2 if character.isdigit() else 3
