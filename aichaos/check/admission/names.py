"""What the server takes as a name, a label, a port, an address (k8s.io/apimachinery, pkg/util/validation).

Each function says why a text is not one, or nothing.
"""

import ipaddress
import re

from aichaos.domain.patterns import pattern

_LABEL = pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = pattern(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_UNDERSCORED = pattern(r"[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*")
_QUALIFIED = pattern(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SERVICE_NAME = pattern(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_ENVIRONMENT = pattern(r"[^=\x00-\x1f\x7f-\x9f]+")
_CONFIG_KEY = pattern(r"[-._a-zA-Z0-9]+")
_PERCENT = pattern(r"[0-9]+%")
_WILDCARD = pattern(r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_HEADER = pattern(r"[-A-Za-z0-9]+")
_DOTTED = pattern(r"[0-9]{1,8}(?:\.[0-9]{1,8}){3}", re.ASCII)
_PATH_PREFIX = pattern(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")

SHAPE = "lower case letters, digits and -, starting and ending with a letter or digit"


def label(text: str) -> str | None:
    """DNS-1123 label."""
    if len(text) > 63:
        return "a name of this kind has at most 63 characters"
    return None if _LABEL.fullmatch(text) else f"a name of this kind is {SHAPE}"


def label_1035(text: str) -> str | None:
    """DNS-1035 label: starts with a letter."""
    if len(text) > 63:
        return "a name of this kind has at most 63 characters"
    return None if _LABEL_1035.fullmatch(text) else "a name of this kind is lower case letters, digits and -, starting with a letter"


def subdomain(text: str) -> str | None:
    """DNS-1123 subdomain."""
    if len(text) > 253:
        return "a name has at most 253 characters"
    return None if _SUBDOMAIN.fullmatch(text) else f"a name is {SHAPE}, with dots between"


def underscored_subdomain(text: str) -> str | None:
    if len(text) > 253:
        return "a name has at most 253 characters"
    return None if _UNDERSCORED.fullmatch(text) else f"a name is {SHAPE}, with dots between"


def wildcard(text: str) -> str | None:
    """*.example.com"""
    if len(text) > 253:
        return "a name has at most 253 characters"
    return None if _WILDCARD.fullmatch(text) else "a wildcard stands for the first part of a name alone, as in *.example.com"


def path_segment(text: str) -> str | None:
    """Names of RBAC objects: nearly anything."""
    if text in (".", ".."):
        return "a name is not . or .."
    return "a name has no / and no %" if "/" in text or "%" in text else None


def qualified(text: str) -> str | None:
    """The key of a label: a name, with the prefix of a domain before a / where there is one."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return "it has one / at most"
    if slash and not prefix:
        return "there is nothing before the /"
    if prefix and (problem := subdomain(prefix)):
        return f"before the /, {problem}"
    if not name:
        return "it has no name"
    if len(name) > 63:
        return "its name has at most 63 characters"
    return None if _QUALIFIED.fullmatch(name) else "its name is letters, digits, -, _ and ., starting and ending with a letter or digit"


def label_value(text: str) -> str | None:
    if len(text.encode()) > 63:
        return "a label's value has at most 63 characters"
    return (
        None
        if not text or _QUALIFIED.fullmatch(text)
        else "a label's value is letters, digits, -, _ and ., starting and ending with a letter or digit"
    )


def domain_prefixed_path(text: str) -> str | None:
    """example.com/controller"""
    host, slash, path = text.partition("/")
    if not slash or not host or not path:
        return "it must be a domain and a path, as in example.com/controller"
    return subdomain(host) or (None if _PATH_PREFIX.fullmatch(path) else "its path holds a character that it may not")


def port_name(text: str) -> str | None:
    """IANA_SVC_NAME: what containers and target ports are called."""
    if len(text) > 15:
        return "a port's name has at most 15 characters"
    if not _SERVICE_NAME.fullmatch(text):
        return f"a port's name is {SHAPE}"
    if not re.search("[a-z]", text):
        return "a port's name has at least one letter"
    return "a port's name has no two - in a row" if "--" in text else None


def port_number(number: int) -> str | None:
    return None if 1 <= number <= 65535 else "a port is a number from 1 to 65535"


def environment_name(text: str) -> str | None:
    return None if text and _ENVIRONMENT.fullmatch(text) and text.isascii() else "a variable's name is printable ASCII without ="


def config_key(text: str) -> str | None:
    """A key of a ConfigMap or a Secret."""
    if len(text) > 253:
        return "a key has at most 253 characters"
    if not _CONFIG_KEY.fullmatch(text):
        return "a key is letters, digits, -, _ and ."
    return "a key is not . and does not start with .." if text == "." or text.startswith("..") else None


def percent(text: str) -> str | None:
    return None if _PERCENT.fullmatch(text) else "as a text it is a percentage, as in 25%"


def header(text: str) -> str | None:
    return None if _HEADER.fullmatch(text) else "a header's name is letters, digits and -"


def address(text: str) -> str | None:
    """An IP address as the server has always read it: with leading zeros too."""
    return "it is no IP address" if parsed_address(text) is None else None


def parsed_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if "%" in text:
        return None
    if _DOTTED.fullmatch(text):
        text = ".".join(str(int(part)) for part in text.split("."))
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def network(text: str) -> str | None:
    """A CIDR block; bits behind the prefix are let pass."""
    return "it is no CIDR block, as in 10.9.8.0/24" if parsed_network(text) is None else None


def parsed_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    base, slash, length = text.partition("/")
    found = parsed_address(base)
    if not slash or found is None or not (length.isdigit() and length.isascii() and len(length) < 6):
        return None
    return ipaddress.ip_network(f"{found}/{int(length)}", strict=False) if int(length) <= found.max_prefixlen else None
