"""Paths: what a gateway does to one before it looks at it, and how a filter puts a new one together.

Source of the standard's part: Gateway API v1.6, `HTTPPathModifier` with its table of examples.
"""

import re
from collections.abc import Callable, Iterator

from aichaos.domain.gateway import PathModifier

Step = Callable[[str], str]
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNSAFE = re.compile(r"[\"<>^`{|}]")
_BACKSLASH = re.compile(r"\\.?", re.DOTALL)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def _unreserved(path: str) -> str:
    """`%66oo` is `foo`; what has a meaning of its own stays escaped (RFC 3986, 6.2.2.2). A % that would begin a new escape is `%25`."""
    out, last = "", 0
    for found in _ESCAPE.finditer(path):
        char = chr(int(found[1], 16))
        out += path[last : found.start()] + (char if char in _UNRESERVED else found[0])
        last = found.end()
        for length in (2, 3) if char in _UNRESERVED else ():
            if out[-length:].startswith("%") and _ESCAPE.fullmatch(f"{out[-length:]}{path[last : last + 3 - length]}"):
                out = f"{out[:-length]}%25{out[1 - length :]}"
                break
    return out + path[last:]


def _unsafe(path: str) -> str:
    """What does not belong into a path is escaped, as in `%7B` for `{`."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", path)


def _dots(path: str) -> str:
    """`.` and `..` are resolved (RFC 3986, 5.2.4)."""
    out: list[str] = []
    parts = path.split("/")[1:]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "..":
            if out:
                out.pop()
            if last:
                out.append("")
        elif part == ".":
            if last:
                out.append("")
        else:
            out.append(part)
    return "/" + "/".join(out)


def _slashes(path: str) -> str:
    """`//` is `/`, but for a path of slashes alone."""
    return re.sub("/{2,}", "/", path) if path.strip("/") else path


STEPS: dict[str, Step] = {
    "backslashes": lambda path: path.replace("\\", "/"),
    "unreserved": _unreserved,
    "unsafe": _unsafe,
    "dots": _dots,
    "slashes": _slashes,
}
"""What may happen to a path before it is matched; a profile names the steps in their order."""
UNTIDY = re.compile(r"//|[\\%\"<>^`{|}]|/\.")
"""A path that one of the steps could change."""


def normalised(path: str, steps: tuple[str, ...]) -> str:
    if not steps or not UNTIDY.search(path):
        return path
    for step in steps:
        path = STEPS[step](path)
    return path


def prefixes(path: str) -> Iterator[str]:
    """Every prefix under which a path stands, by path element, the longest first; `/` is ""."""
    prefix = path.rstrip("/")
    yield prefix
    while (slash := prefix.rfind("/")) >= 0:
        prefix = prefix[:slash]
        yield prefix


# a filter's new path ----------------------------------------------------------------------------------------------------------------

Replace = Callable[[str, str, str], str]
"""Path, matched prefix and replacement, all as they are written → the new path."""


def _standard_prefix(path: str, prefix: str, replacement: str) -> str:
    rest = path[len(prefix.rstrip("/")) :].lstrip("/") if prefix != "/" else path[1:]
    trailing = path[len(prefix.rstrip("/")) :].startswith("/")
    base = replacement.rstrip("/")
    if path == prefix:
        return base or "/"
    return f"{base}/{rest}" if rest or (trailing and base) else base or "/"


def _glued(path: str, prefix: str, replacement: str) -> str:
    """Envoy's prefix_rewrite: the replacement takes the place of the prefix, and nobody looks at the slashes between."""
    return replacement + path[len(prefix) :] if prefix == "/" else replacement + path[len(prefix.rstrip("/")) :]


def _contour_prefix(path: str, prefix: str, replacement: str) -> str:
    """Replacement `/`: the prefix, as it is written, and the slashes behind it are cut off by an expression."""
    if replacement.strip("/"):
        return _glued(path, prefix, replacement)
    if not path.startswith(prefix):
        return path  # prefix `/p7/` takes the request `/p7`, and the expression does not
    return "/" + path[len(prefix) :].lstrip("/")


def _istio_rewrite(path: str, prefix: str, replacement: str) -> str:
    new = replacement.removesuffix("/") or "/"
    if new != "/" or prefix == "/":
        return _glued(path, prefix, new)
    return "/" + path[len(prefix.rstrip("/")) :].removeprefix("/")


def _istio_redirect(path: str, prefix: str, replacement: str) -> str:
    return _glued(path, prefix, replacement) if replacement else path


def _envoy_gateway_rewrite(path: str, prefix: str, replacement: str) -> str:
    if not replacement.strip("/"):
        return _contour_prefix(path, prefix, "/")
    return _glued(path, prefix, replacement.rstrip("/"))


def _envoy_gateway_redirect(path: str, prefix: str, replacement: str) -> str:
    if not replacement.strip("/"):
        return _contour_prefix(path, prefix, "/")
    return _glued(path, prefix, replacement)


PREFIX: dict[str, Replace] = {
    "standard": _standard_prefix,
    "contour": _contour_prefix,
    "istio rewrite": _istio_rewrite,
    "istio redirect": _istio_redirect,
    "envoy-gateway rewrite": _envoy_gateway_rewrite,
    "envoy-gateway redirect": _envoy_gateway_redirect,
}
"""How ReplacePrefixMatch joins the replacement and the rest."""


def _substituted(path: str, replacement: str) -> str:
    """Envoy puts the new path in as a substitution of RE2 for the whole path: `\\0` is the old one, `\\\\` a backslash.

    Behind any other backslash nothing more comes; a group that is not there leaves the path as it was.
    """
    if any(found[0] not in ("\\0", "\\\\") and found[0][1:].isdigit() for found in _BACKSLASH.finditer(replacement)):
        return path
    out, last = "", 0
    for found in _BACKSLASH.finditer(replacement):
        out += replacement[last : found.start()]
        if found[0] not in ("\\0", "\\\\"):
            return out
        out += path if found[0] == "\\0" else "\\"
        last = found.end()
    return out + replacement[last:]


FULL: dict[str, Callable[[str, str], str]] = {
    "standard": lambda path, replacement: replacement or "/",
    "kept": lambda path, replacement: replacement or path,
    "substitution": lambda path, replacement: _substituted(path, replacement or "/"),
    "kept or substitution": lambda path, replacement: _substituted(path, replacement) if replacement else path,
}
"""Path and replacement → the new path, for ReplaceFullPath."""


def replaced(path: str, prefix: str, change: PathModifier, how_prefix: str, how_full: str) -> str:
    """The path after a modifier. prefix: that of the match, as it is written."""
    if change.type == "ReplaceFullPath":
        return FULL[how_full](path, change.replace_full_path or "")
    return PREFIX[how_prefix](path, prefix, change.replace_prefix_match or "")
