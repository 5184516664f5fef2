"""Numbers, sizes and URLs that stand in texts, as Go reads them."""

import re
from urllib.parse import urlsplit

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:inf|infinity|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?|0x[0-9a-f]+(?:\.[0-9a-f]*)?p[-+]?[0-9]+)",
    re.ASCII | re.IGNORECASE,
)
_SIZE = re.compile(r"\+?([0-9.]+|[0-9.]*e[-+]?[0-9]+) ?([kmgtp](?:i?b)?|b)?", re.IGNORECASE)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*")
_HOST = re.compile(r"(?:[^\s\"<>\\^`{|}%\[\]:/?#@]|%[0-9a-fA-F]{2})*(?::[0-9]*)?|\[[0-9a-fA-F:.%]+\](?::[0-9]*)?")


def integer(text: str) -> int | None:
    """strconv.Atoi."""
    if len(text) > 20 or not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def float_problem(text: str) -> str | None:
    """strconv.ParseFloat of 32 bits."""
    if not _FLOAT.fullmatch(text):
        return "it must be a number, as in 50 or 0.5"
    plain = text.lower().lstrip("+-")
    if plain[:1] in "in" or plain.startswith("0x"):
        return None
    return None if float(text) < 3.4028235677973366e38 and float(text) > -3.4028235677973366e38 else "it is too large"


def size_problem(text: str) -> str | None:
    """A share such as 50%, or a size such as 256MB (github.com/docker/go-units)."""
    if text.endswith("%"):
        number = integer(text[:-1])
        return None if number is not None and 0 <= number <= 100 else "a share is from 0% to 100%"
    found = _SIZE.fullmatch(text)
    if found is None:
        return "it must be a size such as 256MB or 1GiB, or a share such as 50%"
    try:
        float(found[1])
    except ValueError:
        return "it must be a size such as 256MB or 1GiB, or a share such as 50%"
    return None


def url_problem(text: str) -> str | None:
    """url.ParseRequestURI: an absolute URL, or a path that starts with /."""
    wrong = "it must be a URL, as in http://web.shop:8080/health"
    if not text or any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        return wrong
    if text.startswith("/"):
        return None
    if text == "*":
        return None
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        return wrong
    if not rest.startswith("/"):
        return wrong if not rest or rest[0] != "/" else None
    if rest.startswith("//") and not rest.startswith("///"):
        try:
            authority = urlsplit(text).netloc.rpartition("@")[2]
        except ValueError:
            return wrong
        if not _HOST.fullmatch(authority):
            return wrong
    return None if not re.search(r"%(?![0-9a-fA-F]{2})", rest.partition("?")[0]) else wrong
