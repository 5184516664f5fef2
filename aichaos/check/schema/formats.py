"""The formats of texts that the API server knows in a definition's schema (kube-openapi, strfmt). It ignores all others, and so do we.

Names are compared without dashes, as the server does: `date-time` is `datetime`.
"""

import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from aichaos.check.schema import go

Format = tuple[Callable[[str], bool], str]
"""Whether a text has the format, and what such a text is, for people."""

_UUID = "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?%s[0-9a-fA-F]{3}-?%s[0-9a-fA-F]{3}-?[0-9a-fA-F]{12}"
_HEX = "[0-9a-fA-F]"
_DATE_TIME = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})"
_LONG_DURATION = r"([0-9]+)[ \t\n\v\f\r]*([A-Za-zµ]+)"
_UNITS = ("ns", "nano", "us", "µs", "micro", "ms", "milli", "s", "sec", "m", "min", "h", "hr", "hour", "d", "day", "w", "wk", "week")
_PREFIXES = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_CARD = (
    r"4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11}"
)
_COLOUR = r"\s*(?:0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*"


def _like(pattern: str) -> Callable[[str], bool]:
    """Compiled when it is first asked: most formats are never met."""
    return lambda text: re.fullmatch(pattern, text, re.ASCII) is not None


def is_duration(text: str) -> bool:
    """A Go duration, or numbers with spelt units in any order: `1 day 2 hours`."""
    if go.is_duration(text):
        return True
    found = [unit.lower() for _, unit in re.findall(_LONG_DURATION, text)]
    return any(unit in _UNITS or unit.startswith(_PREFIXES) for unit in found)


def is_date(text: str) -> bool:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        return False
    try:
        date.fromisoformat(text.replace("0000", "2000", 1) if text.startswith("0000") else text)
    except ValueError:
        return False
    return True


def _is_date_time(text: str) -> bool:
    day, separator, time = text.lower().partition("t")
    found = re.fullmatch(_DATE_TIME, time.partition("t")[0])
    return bool(separator) and is_date(day) and found is not None and found[1] <= "23" and found[2] <= "59" and found[3] <= "59"


def _is_address(text: str, version: int, separator: str) -> bool:
    """Go's sloppy reading takes zeros in front of a number, and an IPv4 address inside an IPv6 one for either."""
    if separator not in text or "%" in text:
        return False
    try:
        ipaddress.ip_address(_without_zeros(text))
    except ValueError:
        return False
    return True


def _without_zeros(text: str) -> str:
    return re.sub(r"(?<![0-9a-fA-F])0+(?=[0-9]+(?:\.|$|/))", "", text) if "." in text else text


def _is_cidr(text: str) -> bool:
    address, slash, length = text.partition("/")
    if not slash or not length.isascii() or not length.isdigit() or len(length) > 3:
        return False
    if not _is_address(address, 4, ".") and not _is_address(address, 6, ":"):
        return False
    return int(length) <= (128 if ":" in address else 32)


def _is_mac(text: str) -> bool:
    return any(
        re.fullmatch(rf"{_HEX}{{2}}(?:{separator}{_HEX}{{2}}){{{count}}}", text) for separator in (":", "-") for count in (5, 7, 19)
    ) or any(re.fullmatch(rf"{_HEX}{{4}}(?:\.{_HEX}{{4}}){{{count}}}", text) for count in (2, 3, 9))


def _is_hostname(text: str) -> bool:
    labels = text.split(".")
    return len(text.encode("utf-8", "replace")) <= 255 and all(len(label) <= 63 and re.fullmatch(_LABEL, label) for label in labels)


class Uri(NamedTuple):
    """The parts of a URI as net/url cuts it; authority: user and host."""

    scheme: str
    authority: str
    path: str
    query: str


_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]*):"
_USER = r"[A-Za-z0-9._~!$&'()*+,;=:@%-]*"
_HOST = r"(?:[A-Za-z0-9._~!$&'()*+,;=:<>\"\[\]-]|[^\x00-\x7f])*"


def uri(text: str) -> Uri | None:
    """net/url.ParseRequestURI: an absolute URI or an absolute path; None where it refuses the text."""
    if not text or any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        return None
    found = re.match(_SCHEME, text)
    scheme, rest = (found[1].lower(), text[found.end() :]) if found else ("", text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        return Uri(scheme, "", "", query) if scheme or text == "*" else None
    authority, path = "", rest
    if scheme and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
        if not _is_authority(authority):
            return None
    return None if re.search(r"%(?![0-9a-fA-F]{2})", path) else Uri(scheme, authority, path, query)


def _is_authority(text: str) -> bool:
    user, at, host = text.rpartition("@")
    if at and (re.fullmatch(_USER, user) is None or re.search(r"%(?![0-9a-fA-F]{2})", user)):
        return False
    if re.fullmatch(_HOST, host) is None or (host.startswith("[") and "]" not in host):
        return False
    if host.startswith("["):
        return re.fullmatch(r"(?::[0-9]*)?", host.rpartition("]")[2]) is not None
    _, colon, port = host.rpartition(":")
    return not colon or re.fullmatch(r"[0-9]*", port) is not None


def _is_email(text: str) -> bool:
    from email.utils import parseaddr  # hardly any definition has it

    _, address = parseaddr(text)
    name, at, host = address.rpartition("@")
    return bool(at and name and host) and not any(character.isspace() for character in address)


def _digits(text: str) -> str:
    return re.sub(r"[\s-]+", "", text)


def _is_isbn10(text: str) -> bool:
    digits = _digits(text)
    if re.fullmatch(r"[0-9]{9}[0-9X]", digits) is None:
        return False
    return sum((place + 1) * (10 if digit == "X" else int(digit)) for place, digit in enumerate(digits)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = _digits(text)
    if re.fullmatch(r"[0-9]{13}", digits) is None:
        return False
    return sum((3 if place % 2 else 1) * int(digit) for place, digit in enumerate(digits)) % 10 == 0


def _is_card(text: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", text)
    if re.fullmatch(_CARD, digits) is None:
        return False
    doubled = (int(digit) * 2 if place % 2 else int(digit) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


FORMATS: dict[str, Format] = {
    "bsonobjectid": (_like(f"{_HEX}{{24}}"), "24 hexadecimal digits"),
    "uri": (lambda text: uri(text) is not None, "a URI such as https://example.com/path"),
    "email": (_is_email, "an e-mail address"),
    "hostname": (_is_hostname, "a host name"),
    "ipv4": (lambda text: _is_address(text, 4, "."), "an IPv4 address"),
    "ipv6": (lambda text: _is_address(text, 6, ":"), "an IPv6 address"),
    "cidr": (_is_cidr, "a network such as 10.0.0.0/8"),
    "mac": (_is_mac, "a MAC address"),
    "uuid": (_like(_UUID % (_HEX, _HEX)), "a UUID"),
    "uuid3": (_like(_UUID % ("3", _HEX)), "a UUID of version 3"),
    "uuid4": (_like(_UUID % ("4", "[89abAB]")), "a UUID of version 4"),
    "uuid5": (_like(_UUID % ("5", "[89abAB]")), "a UUID of version 5"),
    "isbn": (lambda text: _is_isbn10(text) or _is_isbn13(text), "an ISBN"),
    "isbn10": (_is_isbn10, "an ISBN of ten digits"),
    "isbn13": (_is_isbn13, "an ISBN of 13 digits"),
    "creditcard": (_is_card, "a credit card number"),
    "ssn": (_like(r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}"), "a social security number"),
    "hexcolor": (_like(f"#?(?:{_HEX}{{3}}|{_HEX}{{6}})"), "a colour such as #FF8800"),
    "rgbcolor": (_like(rf"rgb\({_COLOUR},{_COLOUR},{_COLOUR}\)"), "a colour such as rgb(255,128,0)"),
    "byte": (lambda text: text != "" and re.search(r"[\r\n]", text) is None and go.is_base64(text), "base64"),
    "date": (is_date, "a date such as 2026-01-31"),
    "duration": (is_duration, "a duration such as 30s or 5m"),
    "datetime": (_is_date_time, "a time such as 2026-01-31T12:00:00Z"),
}


def known(name: str) -> Format | None:
    return FORMATS.get(name.replace("-", ""))
