"""What the functions of the API server's own libraries, and of cel-go's for lists and sets, may cost, and how large what they give is."""

import math

from aichaos.check.schema.cel.sizes import LIST, MOST, ONE, REGEX, TEXT, Estimate, Part, Sizes, Span, fixed

_NAME_FORMAT = 128
_LONGEST_FORMAT = 64

_NAMES = (
    "serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family isUnspecified "
    "isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat "
    "isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery"
)
_CHEAP = frozenset(_NAMES.split())
_READ = frozenset({"cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity", "semver", "isSemver"})
"""Functions that go over a text once."""
_GONE_OVER = frozenset({"isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"})
_CHANGED = frozenset({"lowerAscii", "upperAscii", "substring", "trim"})
_COMPARED = frozenset({"kubernetes.Quantity", "kubernetes.Semver", "net.IP", "net.CIDR"})


def by_function(coster: Sizes, name: str, overload: str, target: Part | None, parts: list[Part]) -> Estimate | None:
    """None for a function of the language itself."""
    if (found := _of_lists(coster, overload, target, parts)) is not None:
        return found
    if name == "check":
        return Estimate(fixed(350_000))
    if name in _CHEAP or overload == "cidr_ip":
        return Estimate(ONE)
    if name in _READ and parts:
        return Estimate(coster.size(parts[0]).by(TEXT))
    if name in _GONE_OVER and target is not None:
        return _gone_over(coster, target)
    if name in _CHANGED and target is not None:
        size = coster.size(target)
        return Estimate(size.by(TEXT), size)
    return _other(coster, name, overload, target, parts)


def _other(coster: Sizes, name: str, overload: str, target: Part | None, parts: list[Part]) -> Estimate | None:
    match name:
        case "url":
            size = coster.size(parts[0])
            return Estimate(size.by(TEXT), size)
        case "ip.isCanonical":
            return Estimate(coster.size(parts[0]).by(2 * TEXT))
        case "replace" if target is not None and len(parts) >= 2:
            size = coster.size(target)
            return Estimate(size.by(2 * TEXT), _replaced(size, coster.size(parts[0]), coster.size(parts[1])))
        case "split" if target is not None:
            return _split(coster, target, parts)
        case "join" if target is not None:
            return _joined(coster, target, parts)
        case "find" | "findAll" if target is not None and parts:
            size = coster.size(target)
            cost = size.plus(ONE).by(TEXT).times(coster.size(parts[0]).by(REGEX))
            return Estimate(cost, Span(0, size.most))
        case "containsIP" | "containsCIDR":
            return _contained(coster, name, overload, parts)
        case "validate":
            return Estimate(coster.size(parts[0]).by(TEXT).by(_NAME_FORMAT * REGEX))
        case "fieldSelector" | "labelSelector":
            size = coster.size(parts[0])
            return Estimate(fixed(LIST).plus(size.by(TEXT)).plus(size.by(0.5).by(50)))
        case "_==_" if parts[0].type == parts[1].type and parts[0].type[0] == "object":
            return _same(parts)
    return None


def _same(parts: list[Part]) -> Estimate | None:
    match parts[0].type[1]:
        case one if one in _COMPARED:
            return Estimate(ONE)
        case "kubernetes.NamedFormat":
            return Estimate(Span(1, _LONGEST_FORMAT).by(TEXT))
        case "kubernetes.URL":
            size = parts[1].size
            return Estimate(Span(1, size.most if size is not None else 1).by(TEXT))
    return None


def _gone_over(coster: Sizes, target: Part) -> Estimate:
    item = coster.items(target)
    if item is None:
        return Estimate(coster.size(target).by(TEXT))
    each = ONE
    if item.type[0] in ("string", "bytes"):
        each = each.plus(coster.size(item).by(TEXT))
    return Estimate(coster.size(target).times(each))


def _replaced(size: Span, old: Span, new: Span) -> Span:
    """How long a text is whose parts were replaced."""
    least_kept = most_kept = least = most = 0
    if old.least == 0:
        most, most_kept = min(size.most + 1, MOST), size.most
    elif new.most <= old.least:
        most_kept = size.most
    else:
        most = _quotient(size.most, old.least)
    if old.most == 0:
        least, least_kept = min(size.least + 1, MOST), size.least
    elif old.most <= new.least:
        least_kept = size.least
    else:
        least = _quotient(size.least, old.most)
    return Span(least, most).times(new).plus(Span(least_kept, most_kept))


def _quotient(number: int, by: int) -> int:
    return min(math.ceil(float(number) / float(by)), MOST)


def _split(coster: Sizes, target: Part, parts: list[Part]) -> Estimate:
    size = coster.size(target)
    most = size.most
    if len(parts) > 1 and (node := parts[1].node) is not None and node.kind == "literal" and type(node.value) is int:
        most = node.value & MOST
    return Estimate(size.by(2 * TEXT), Span(0, most))


def _joined(coster: Sizes, target: Part, parts: list[Part]) -> Estimate:
    size, count = fixed(0), coster.size(target)
    if (item := coster.items(target)) is not None:
        size = count.times(coster.size(item))
    if parts:
        size = size.plus(coster.size(parts[0]).times(Span(max(count.least - 1, 0), max(count.most - 1, 0))))
    return Estimate(size.by(TEXT), size)


def _contained(coster: Sizes, name: str, overload: str, parts: list[Part]) -> Estimate:
    """Addresses are four bytes or sixteen."""
    address = Span(4, 16)
    cost = address.plus(address).by(TEXT)
    if name == "containsCIDR":
        cost = cost.plus(address.by(TEXT)).plus(ONE)
    if overload.endswith("_string"):
        cost = cost.plus(coster.size(parts[0]).by(TEXT))
    return Estimate(cost)


# lists --------------------------------------------------------------------------------------------------------------------------


def _of_lists(coster: Sizes, overload: str, target: Part | None, parts: list[Part]) -> Estimate | None:
    match overload:
        case "list_slice" if target is not None:
            start = _number(parts[0], 0)
            end = _number(parts[1], coster.size(target).most)
            return _made(1, fixed((end - start) & MOST))
        case "list_flatten" | "list_flatten_int" if target is not None:
            return _made(float(_number(parts[0], MOST) if parts else 1), coster.size(target))
        case "lists_range":
            return _made(1, fixed(_number(parts[0], MOST)))
        case "list_reverse" if target is not None:
            return _made(1, coster.size(target))
        case "list_distinct" if target is not None:
            size = coster.size(target)
            return _made(2, size.times(size))
        case "list_sets_contains_list" | "list_sets_intersects_list" | "list_sets_equivalent_list":
            factor = 2 if overload == "list_sets_equivalent_list" else 1
            return Estimate(coster.size(parts[0]).times(coster.size(parts[1])).by(factor).plus(ONE))
    if overload.startswith("list_") and overload.endswith(("_sort", "_sortByAssociatedKeys")) and target is not None:
        size = coster.size(target if overload.endswith("_sort") else parts[0])
        return _made(2 + (TEXT if "_string_" in overload or "_bytes_" in overload else 0), size.times(size))
    return None


def _made(factor: float, size: Span) -> Estimate:
    return Estimate(size.by(factor).plus(ONE).plus(fixed(LIST)), size)


def _number(part: Part, otherwise: int) -> int:
    """A number that is written out, 0 for one below; what stands there otherwise is not known."""
    node = part.node
    if node is None or node.kind != "literal" or type(node.value) is not int:
        return otherwise
    return max(node.value, 0)
