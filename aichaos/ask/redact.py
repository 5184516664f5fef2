"""Secrets in a text: found by their shape, taken out before anything leaves, whoever is asked.

Shapes are those that the issuers document (prefix, alphabet, length). The search is one automaton of google-re2: linear in the text,
whatever stands in it, and several hundred times as fast as `re` with the same alternatives (`python -m benchmarks.redaction`).
"""

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

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
        r"(?i:\b(?:bearer|basic)[ \t]+)[A-Za-z0-9+/=._~-]{8,}",
    ),
    "secret": (
        r"(?i:[a-z0-9_-]*(?:passw(?:or)?d|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|auth[_-]?token"
        r"|access[_-]?token|token))[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?[^\s\"',;{}\[\]]{4,}",
        r"(?i:name:[ \t]*[\"']?(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-auth-token)[\"']?[ \t]*\n"
        r"(?:[ \t]*type:[^\n]*\n)?[ \t]*value:)[ \t]*[^\n]+",
        r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"']+:[^\s/@\"']+@",
    ),
    "mail": (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",),
    "random": (r"\b[A-Za-z0-9+/_-]{40,}={0,2}",),
}
"""What is found, by what it is called in its place."""

_KEPT = re.compile(
    r"(?i:^(?:bearer|basic)[ \t]+)"
    r"|^(?i:[a-z0-9_-]*(?:passw(?:or)?d|passphrase|pwd|secret|key|credentials?|token))[\"']?[ \t]*[:=][ \t]*[\"']?"
    r"|^(?i:name:[^\n]*\n(?:[ \t]*type:[^\n]*\n)?[ \t]*value:[ \t]*)|^[A-Za-z][A-Za-z0-9+.-]*://"
)
"""What stands before a secret and may stay: it says what kind of thing was taken out."""

_PLACE = re.compile(r"redacted-(?:key|token|secret|mail|random)-\d+")

Name = Callable[[str, str], str]
"""Kind and secret → what stands in its place."""


@cache
def _automaton() -> Any:
    import re2  # only where a prompt is made

    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    groups = (f"(?P<{kind}>{'|'.join(shapes)})" for kind, shapes in _SHAPES.items())
    return re2.compile("|".join(groups), options)


def redact(text: str, name: Name) -> str:
    """The text without its secrets and e-mail addresses; `name` gives what stands in the place of each."""
    if not text:
        return text
    pieces: list[str] = []
    last = 0
    # re2 counts in bytes where all is ASCII, and maps positions itself where it is not
    for match in _automaton().finditer(text):
        found, kind = match.group(), match.lastgroup
        if not _secret(kind, found):
            continue
        kept = _KEPT.match(found) if kind in ("token", "secret") else None
        head = kept[0] if kept else ""
        tail = "@" if kind == "secret" and found.endswith("@") else ""
        secret = found[len(head) : len(found) - len(tail)]
        if not secret or _PLACE.fullmatch(secret.strip("\"'")):
            continue
        pieces += [text[last : match.start()], head, name(kind, secret), tail]
        last = match.end()
    return "".join([*pieces, text[last:]]) if pieces else text


_COULD_BE = re.compile(r"[:=@]|[A-Za-z0-9+/_.-]{16,}|bearer|basic", re.IGNORECASE)
"""What every shape above has something of: a sentence without it needs no automaton, which takes its time to load."""


def without_secrets(text: str) -> str:
    """A text for a file that stays here: what is secret in it is gone for good."""
    return redact(text, lambda kind, secret: f"redacted-{kind}") if _COULD_BE.search(text) else text


def _secret(kind: str | None, found: str) -> bool:
    """Whether a long run of letters and digits is random rather than a long name: its classes of characters change all the time."""
    if kind != "random":
        return True
    digits = sum(character.isdigit() for character in found)
    return digits >= 3 and sum(_class(one) != _class(other) for one, other in pairwise(found)) * 3 >= len(found)


def _class(character: str) -> int:
    return 0 if character.islower() else 1 if character.isupper() else 2 if character.isdigit() else 3
