"""The API server's own types and functions: quantity, ip, cidr, url, format and semver (k8s.io/apiserver/pkg/cel/library 0.35)."""

import ipaddress
import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial, total_ordering
from typing import Any
from urllib.parse import parse_qsl, quote

from aichaos.check.schema import formats, go
from aichaos.check.schema.cel.values import INT_MAX, INT_MIN, NONE, CelError, Opaque, Optional, no_overload

_QUANTITY = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([numkMGTPE]?|[KMGTPE]i|[eE][+-]?[0-9]+)")
_PRECISION = 400
"""Digits that are read: more than a quantity keeps, and few enough to be quick."""

_SCALES: dict[str, Fraction] = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{letter: Fraction(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}


def _typed(type_: str, name: str, value: Any) -> Any:
    if type(value) is not Opaque or value.type != type_:
        raise no_overload(name, value)
    return value.value


def _text(name: str, value: Any) -> str:
    if type(value) is not str:
        raise no_overload(name, value)
    return value


# quantity -----------------------------------------------------------------------------------------------------------------------


def _quantity(value: Any) -> Opaque:
    text = _text("quantity", value)
    found = _QUANTITY.fullmatch(text)
    if found is None or not go.is_quantity(text) or text.strip() != text:
        raise CelError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    sign, whole, part, suffix = found.groups()
    exponent = int(suffix[1:]) if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix[1] not in "i" else None
    if exponent is not None and abs(exponent) > 400:
        exponent = 400 if exponent > 0 else -400
    scale = _SCALES[suffix] if exponent is None else Fraction(10) ** exponent
    digits = (part or "")[:_PRECISION]
    amount = Fraction(int(f"{sign}{(whole or '0')[:_PRECISION]}{digits}"), 10 ** len(digits))
    return Opaque("kubernetes.Quantity", amount * scale)


def _is_quantity(value: Any) -> bool:
    try:
        _quantity(value)
    except CelError:
        if type(value) is not str:
            raise
        return False
    return True


def _of_quantity(name: str, function: Callable[[Fraction], Any]) -> Callable[[Any], Any]:
    return lambda value: function(_typed("kubernetes.Quantity", name, value))


def _as_integer(value: Fraction) -> int:
    if value.denominator != 1 or not INT_MIN <= value <= INT_MAX:
        raise CelError("cannot convert value to integer")
    return int(value)


def _amount(name: str, value: Any) -> Fraction:
    return Fraction(value) if type(value) is int else _typed("kubernetes.Quantity", name, value)


def _plus(sign: int) -> Callable[[Any, Any], Opaque]:
    return lambda one, other: Opaque("kubernetes.Quantity", _typed("kubernetes.Quantity", "add", one) + sign * _amount("add", other))


# versions -----------------------------------------------------------------------------------------------------------------------

_SEMVER = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)


@total_ordering
class _Version:
    __slots__ = ("numbers", "pre")

    def __init__(self, numbers: tuple[int, ...], pre: str) -> None:
        self.numbers = numbers
        self.pre = pre

    def _key(self) -> Any:
        parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.pre.split("."))
        return self.numbers, (0, parts) if self.pre else (1, ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Version) and self._key() == other._key()

    def __lt__(self, other: "_Version") -> bool:
        return bool(self._key() < other._key())

    def __hash__(self) -> int:
        return hash(self._key())


def _semver(value: Any, normalize: Any = False) -> Opaque:
    text = _text("semver", value)
    if type(normalize) is not bool:
        raise no_overload("semver", value, normalize)
    if normalize:
        text = _normalized(text)
    found = _SEMVER.fullmatch(text)
    if found is None or any(int(found[part][:25]) >= 2**64 for part in (1, 2, 3)):
        raise CelError(f"{text[:40]!r} is no semantic version")
    return Opaque("kubernetes.Semver", _Version(tuple(int(found[part]) for part in (1, 2, 3)), found[4] or ""))


def _normalized(text: str) -> str:
    """Without a leading v and leading zeros, with the parts that are missing."""
    body = text.removeprefix("v")
    plain = re.match(r"[0-9.]*", body)
    core = plain[0] if plain else ""
    rest = body[len(core) :]
    parts = [part.lstrip("0") or "0" if part else part for part in core.split(".")]
    return ".".join(parts + ["0"] * (3 - len(parts))) + rest


def _parses(function: Callable[..., Any]) -> Callable[..., bool]:
    def check(value: Any, *more: Any) -> bool:
        _text("is…", value)
        try:
            function(value, *more)
        except CelError:
            return False
        return True

    return check


def _of_version(name: str, part: int) -> Callable[[Any], int]:
    return lambda value: int(_typed("kubernetes.Semver", name, value).numbers[part])


# addresses ----------------------------------------------------------------------------------------------------------------------


def _ip(value: Any) -> Opaque:
    text = _text("ip", value)
    try:
        if "%" in text or "/" in text:
            raise ValueError("a zone")
        address = ipaddress.ip_address(text)
    except ValueError:
        raise CelError(f"IP Address {text[:60]!r} parse error during conversion from string") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise CelError(f"IPv4-mapped IPv6 address {text!r} is not allowed")
    return Opaque("net.IP", address)


def _address(name: str, value: Any) -> Any:
    return _ip(value).value if type(value) is str else _typed("net.IP", name, value)


def _is_global(address: Any) -> bool:
    broadcast = isinstance(address, ipaddress.IPv4Address) and int(address) == 2**32 - 1
    return not (broadcast or address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local)


def _is_link_local_multicast(address: Any) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return int(address) >> 8 == 0xE00000
    return int(address) >> 112 & 0xFF0F == 0xFF02


def _of_ip(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: function(_typed("net.IP", name, value))


class _Prefix:
    """A network with the address that it was written with."""

    __slots__ = ("interface",)

    def __init__(self, text: str) -> None:
        address, slash, length = text.partition("/")
        if not slash or not re.fullmatch(r"0|[1-9][0-9]{0,2}", length, re.ASCII):
            raise ValueError(text)
        self.interface: Any = ipaddress.ip_interface(f"{_ip(address).value}/{length}")

    def __str__(self) -> str:
        return f"{self.interface.ip}/{self.interface.network.prefixlen}"


def _cidr(value: Any) -> Opaque:
    text = _text("cidr", value)
    try:
        prefix = _Prefix(text)
    except (ValueError, CelError):
        raise CelError(f"network address parse error during conversion from string: {text[:60]!r}") from None
    return Opaque("net.CIDR", prefix, str(prefix))


def _network(value: Any) -> Any:
    return _typed("net.CIDR", "cidr", value).interface.network


def _contains_ip(value: Any, address: Any) -> bool:
    network, wanted = _network(value), _address("containsIP", address)
    return bool(network.version == wanted.version and wanted in network)


def _contains_cidr(value: Any, other: Any) -> bool:
    network, wanted = _network(value), _network(_cidr(other) if type(other) is str else other)
    return bool(network.version == wanted.version and wanted.subnet_of(network))


def _ip_of(value: Any) -> Opaque:
    if type(value) is Opaque and value.type == "net.CIDR":
        return Opaque("net.IP", value.value.interface.ip)
    return _ip(value)


# URLs ---------------------------------------------------------------------------------------------------------------------------


def _url(value: Any) -> Opaque:
    found = formats.uri(_text("url", value))
    if found is None:
        raise CelError(f"URL parse error during conversion from string: {value[:60]!r}")
    return Opaque("kubernetes.URL", found, value)


def _of_url(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: function(_typed("kubernetes.URL", name, value))


def _host(found: Any) -> str:
    return str(found.authority.rpartition("@")[2])


def _port(found: Any) -> str:
    return _host(found).rpartition("]")[2].rpartition(":")[2] if ":" in _host(found).rpartition("]")[2] else ""


def _hostname(found: Any) -> str:
    host = _host(found)
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _query(found: Any) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(found.query.partition("#")[0], keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return values


# formats ------------------------------------------------------------------------------------------------------------------------

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"


def _like(pattern: str, longest: int) -> Callable[[str], bool]:
    fits = re.compile(pattern, re.ASCII).fullmatch
    return lambda text: len(text) <= longest and fits(text) is not None


def _prefix(of: Callable[[str], bool]) -> Callable[[str], bool]:
    """A name that is made longer may end with a dash."""
    return lambda text: of(f"{text[:-1]}a" if text.endswith("-") and len(text) > 1 else text)


def _qualified(text: str) -> bool:
    prefix, slash, name = text.rpartition("/")
    return _like(_NAME, 63)(name) and (not slash or (prefix != "" and _SUBDOMAIN(prefix)))


_DNS_LABEL, _SUBDOMAIN = _like(_LABEL, 63), _like(rf"{_LABEL}(\.{_LABEL})*", 253)
_OLD_LABEL = _like("[a-z]([-a-z0-9]*[a-z0-9])?", 63)
_FORMATS: dict[str, Callable[[str], bool]] = {
    "dns1123Label": _DNS_LABEL,
    "dns1123Subdomain": _SUBDOMAIN,
    "dns1035Label": _OLD_LABEL,
    "dns1123LabelPrefix": _prefix(_DNS_LABEL),
    "dns1123SubdomainPrefix": _prefix(_SUBDOMAIN),
    "dns1035LabelPrefix": _prefix(_OLD_LABEL),
    "qualifiedName": _qualified,
    "labelValue": _like(f"({_NAME})?", 63),
    **{name: formats.FORMATS[name][0] for name in ("uri", "uuid", "byte", "date", "datetime")},
}


def _named(name: Any) -> Optional:
    known = _text("format.named", name) in _FORMATS
    return Optional(Opaque("kubernetes.NamedFormat", name), there=True) if known else NONE


def _validate(value: Any, text: Any) -> Optional:
    name = _typed("kubernetes.NamedFormat", "validate", value)
    if _FORMATS[name](_text("validate", text)):
        return NONE
    return Optional([f"must be a valid {name}"], there=True)


# dispatch -----------------------------------------------------------------------------------------------------------------------


def _order(one: Any, other: Any) -> int:
    if type(one) is not Opaque or type(other) is not Opaque or one.type != other.type or one.type not in _ORDERED:
        raise no_overload("compareTo", one, other)
    return int(one.key > other.key) - int(one.key < other.key)


_ORDERED = ("kubernetes.Quantity", "kubernetes.Semver")

Functions = dict[tuple[str, int], Callable[..., Any]]

FUNCTIONS: Functions = {
    ("quantity", 1): _quantity,
    ("isQuantity", 1): _is_quantity,
    ("sign", 1): _of_quantity("sign", lambda value: (value > 0) - (value < 0)),
    ("semver", 1): _semver,
    ("semver", 2): _semver,
    ("isSemver", 1): _parses(_semver),
    ("isSemver", 2): _parses(_semver),
    ("ip", 1): _ip,
    ("isIP", 1): _parses(_ip),
    ("cidr", 1): _cidr,
    ("isCIDR", 1): _parses(_cidr),
    ("url", 1): _url,
    ("isURL", 1): _parses(_url),
}
METHODS: Functions = {
    ("isInteger", 0): _of_quantity("isInteger", lambda value: value.denominator == 1 and INT_MIN <= value <= INT_MAX),
    ("asInteger", 0): _of_quantity("asInteger", _as_integer),
    ("asApproximateFloat", 0): _of_quantity("asApproximateFloat", float),
    ("add", 1): _plus(1),
    ("sub", 1): _plus(-1),
    ("compareTo", 1): _order,
    ("isGreaterThan", 1): lambda one, other: _order(one, other) == 1,
    ("isLessThan", 1): lambda one, other: _order(one, other) == -1,
    ("major", 0): _of_version("major", 0),
    ("minor", 0): _of_version("minor", 1),
    ("patch", 0): _of_version("patch", 2),
    ("family", 0): _of_ip("family", lambda address: address.version),
    ("isUnspecified", 0): _of_ip("isUnspecified", lambda address: address.is_unspecified),
    ("isLoopback", 0): _of_ip("isLoopback", lambda address: address.is_loopback),
    ("isLinkLocalMulticast", 0): _of_ip("isLinkLocalMulticast", _is_link_local_multicast),
    ("isLinkLocalUnicast", 0): _of_ip("isLinkLocalUnicast", lambda address: address.is_link_local),
    ("isGlobalUnicast", 0): _of_ip("isGlobalUnicast", _is_global),
    ("containsIP", 1): _contains_ip,
    ("containsCIDR", 1): _contains_cidr,
    ("ip", 0): _ip_of,
    ("masked", 0): lambda value: _cidr(str(_network(value))),
    ("prefixLength", 0): lambda value: _network(value).prefixlen,
    ("getScheme", 0): _of_url("getScheme", lambda found: found.scheme),
    ("getHost", 0): _of_url("getHost", _host),
    ("getHostname", 0): _of_url("getHostname", _hostname),
    ("getPort", 0): _of_url("getPort", _port),
    ("getEscapedPath", 0): _of_url("getEscapedPath", lambda found: quote(found.path.partition("#")[0], safe="/%!$&'()*+,;=:@~-._")),
    ("getQuery", 0): _of_url("getQuery", _query),
    ("validate", 1): _validate,
}
NAMESPACED: Functions = {
    ("ip.isCanonical", 1): lambda text: str(_ip(text).value) == text,
    ("format.named", 1): _named,
    **{(f"format.{name}", 0): partial(Opaque, "kubernetes.NamedFormat", name) for name in _FORMATS},
}
