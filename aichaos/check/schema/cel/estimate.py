"""What a rule may cost at most, as the API server estimates it before it takes a definition (cel-go 0.26 checker/cost.go and the libraries'
own; k8s.io/apiserver 1.35 pkg/cel/library/cost.go).

A size and a cost are a least and a most. How large a value can be is known from the schema by its path (`self.names.@items`), from the
expression itself, or not at all.
"""

from typing import NamedTuple

import msgspec

from aichaos.check.schema.cel.checker import RESULT, Loop, Node
from aichaos.check.schema.cel.declared import Declared
from aichaos.check.schema.cel.estimates import by_function
from aichaos.check.schema.cel.sizes import FREE, LIST, MAP, MOST, ONE, REGEX, TEXT, UNKNOWN, Estimate, Part, Span, fixed
from aichaos.check.schema.cel.typing import SCALARS, Type


class Entries(NamedTuple):
    """How large the keys and the values of a list or map are that the expression makes itself."""

    is_list: bool
    key: Span
    value: Span


class _Local(msgspec.Struct):
    path: tuple[str, ...]
    size: Span | None
    entries: Entries | None


class _Seen(msgspec.Struct):
    """What is known of a node."""

    path: tuple[str, ...] = ()
    size: Span | None = None
    entries: Entries | None = None


def estimate(root: Node, self_type: Declared) -> int:
    """The most that an expression may cost."""
    return _Coster(self_type).cost(root).most


class _Coster:
    def __init__(self, self_type: Declared) -> None:
        self._self = self_type
        self._seen: dict[int, _Seen] = {}
        self._locals: dict[str, list[_Local]] = {}

    # what is known ----------------------------------------------------------------------------------------------------------------

    def _of(self, node: Node) -> _Seen:
        return self._seen.setdefault(id(node), _Seen())

    def _local(self, node: Node) -> _Local | None:
        found = self._locals.get(node.name) if node.kind == "name" else None
        return found[-1] if found else None

    def _path(self, node: Node) -> tuple[str, ...]:
        local = self._local(node)
        return local.path if local is not None else self._of(node).path

    def _entries(self, node: Node) -> Entries | None:
        if (found := self._of(node).entries) is not None:
            return found
        local = self._local(node)
        return local.entries if local is not None else None

    def _size(self, node: Node) -> Span | None:
        seen = self._of(node)
        if seen.size is not None:
            return seen.size
        if (own := _own_size(node)) is not None:
            return own
        if (told := self.told(self._path(node))) is not None:
            seen.size = told
            return told
        if _is_scalar(node.type):
            return ONE
        local = self._local(node)
        return local.size if local is not None else None

    def told(self, path: tuple[str, ...]) -> Span | None:
        """What the schema says about the size of a value."""
        if not path:
            return None
        here: Declared | None = self._self
        for step in path[1:]:
            assert here is not None
            match step:
                case "@items" | "@values":
                    here = here.item
                case "@keys":
                    here = here.key
                case _:
                    here = here.fields.get(step)
            if here is None:
                return None
        assert here is not None
        return Span(0, here.largest)

    def _known(self, node: Node) -> Span:
        return self._size(node) or UNKNOWN

    def _part(self, node: Node) -> Part:
        path = self._path(node)
        return Part(() if path[:1] == (RESULT,) else path, node.type, self._size(node), node)

    def size(self, part: Part) -> Span:
        if part.size is not None:
            return part.size
        return self.told(part.path) or UNKNOWN

    def items(self, part: Part) -> Part | None:
        """An item of a list, as far as anything is known of it."""
        if len(part.type) < 2 or part.type[0] == "object":
            return None
        return Part((*part.path, "@items") if part.path else (), part.type[1], None, None)

    # costs ------------------------------------------------------------------------------------------------------------------------

    def cost(self, node: Node) -> Span:
        match node.kind:
            case "literal":
                return FREE
            case "name":
                local = self._local(node)
                self._of(node).path = local.path if local is not None else (node.name,)
                return ONE
            case "select" | "has":
                return self._select(node)
            case "list":
                return self._list(node)
            case "map":
                return self._map(node)
            case "loop":
                assert node.loop is not None
                return self._bind(node, node.loop) if _is_binding(node.loop) else self._loop(node, node.loop)
        return self._call(node)

    def _select(self, node: Node) -> Span:
        assert node.target is not None
        cost = self.cost(node.target)
        if node.kind == "has":
            return cost
        if node.target.type[0] in ("map", "object", "param") and not _is_opaque(node.target.type):
            cost = cost.plus(ONE)
        self._of(node).path = (*self._path(node.target), node.name)
        return cost

    def _list(self, node: Node) -> Span:
        cost, item = FREE, Span(MOST if node.parts else 0, 0)
        for part in node.parts:
            cost = cost.plus(self.cost(part))
            item = item.joined(self._known(part))
        self._of(node).entries = Entries(True, ONE, item)
        return cost.plus(fixed(LIST))

    def _map(self, node: Node) -> Span:
        empty = Span(MOST if node.parts else 0, 0)
        cost, sizes = FREE, [empty, empty]
        for number, part in enumerate(node.parts):
            cost = cost.plus(self.cost(part))
            sizes[number % 2] = sizes[number % 2].joined(self._known(part))
        self._of(node).entries = Entries(False, sizes[0], sizes[1])
        return cost.plus(fixed(MAP))

    def _push(self, name: str, local: _Local) -> None:
        self._locals.setdefault(name, []).append(local)

    def _loop(self, node: Node, loop: Loop) -> Span:
        cost = self.cost(loop.over).plus(self.cost(loop.start))
        self._push(loop.gathers, _Local(self._path(loop.start), self._size(loop.start), self._entries(loop.start)))
        entries, path = self._entries(loop.over), self._path(loop.over)
        is_list = entries.is_list if entries is not None else loop.over.type[0] == "list"
        key, value = (entries.key, entries.value) if entries is not None else (None, None)
        if len(loop.variables) == 2:
            self._push(loop.variables[0], _Local((*path, "@indices" if is_list else "@keys"), key, None))
            self._push(loop.variables[1], _Local((*path, "@items" if is_list else "@values"), value, None))
        else:
            self._push(loop.variables[0], _Local((*path, "@items" if is_list else "@keys"), value if is_list else key, None))
        each = self.cost(loop.condition)
        each = self.cost(loop.step).plus(each)
        for variable in loop.variables:
            self._locals[variable].pop()
        cost = cost.plus(self.cost(loop.result))
        self._locals[loop.gathers].pop()
        count = self._known(loop.over)
        seen = self._of(node)
        if loop.start.kind == "literal":
            seen.size = self._size(loop.start) or seen.size
        elif loop.start.kind in ("list", "map"):
            seen.size = count
            seen.entries = self._entries(loop.step) or seen.entries
        return cost.plus(count.times(each))

    def _bind(self, node: Node, loop: Loop) -> Span:
        cost = self.cost(loop.over).plus(self.cost(loop.start))
        self._push(loop.gathers, _Local(self._path(loop.start), self._size(loop.start), self._entries(loop.start)))
        cost = cost.plus(self.cost(loop.result))
        self._locals[loop.gathers].pop()
        self._copy(node, loop.result)
        return cost

    def _copy(self, node: Node, source: Node) -> None:
        seen = self._of(node)
        seen.size = self._size(source) or seen.size
        seen.entries = self._entries(source) or seen.entries

    def _call(self, node: Node) -> Span:
        if node.name == "dyn":
            cost = self.cost(node.parts[0])
            self._copy(node, node.parts[0])
            return ONE.plus(cost)
        costs = [self.cost(part) for part in node.parts]
        parts = [self._part(part) for part in node.parts]
        if not node.overloads:
            return FREE
        total, target = FREE, None
        if node.target is not None:
            total = self.cost(node.target)
            target = self._part(node.target)
        whole, size = Span(MOST, 0), None
        for overload in node.overloads:
            found = self._overload(node, overload, target, parts, costs)
            whole = whole.joined(found.cost)
            if found.size is not None:
                size = found.size if size is None else size.joined(found.size)
            if overload in ("index_list", "index_map"):
                entries = self._entries(node.parts[0])
                size = entries.value if entries is not None else None
                self._of(node).path = (*self._path(node.parts[0]), "@items" if overload == "index_list" else "@values")
            if size is None:
                size = self._size(node)
        if size is not None:
            self._of(node).size = size
        return total.plus(whole)

    def _overload(self, node: Node, overload: str, target: Part | None, parts: list[Part], costs: list[Span]) -> Estimate:
        arguments = FREE
        for cost in costs:
            arguments = arguments.plus(cost)
        found = by_function(self, node.name, overload, target, parts)
        if found is not None:
            return Estimate(found.cost.plus(arguments), found.size)
        return self._standard(node, overload, target, parts, costs, arguments)

    def _standard(self, node: Node, overload: str, target: Part | None, parts: list[Part], costs: list[Span], arguments: Span) -> Estimate:
        known = [part.size or UNKNOWN for part in parts]
        match overload:
            case "string_format" if target is not None:
                return Estimate((target.size or UNKNOWN).by(TEXT).plus(arguments))
            case "string_to_bytes":
                return Estimate(known[0].by(TEXT).plus(arguments), Span(known[0].least, _wrapped(known[0].most * 4)))
            case "bytes_to_string":
                return Estimate(known[0].by(TEXT).plus(arguments), Span(known[0].least // 4, known[0].most))
            case "strings_quote":
                size = Span(_wrapped(known[0].least + 2), _wrapped(known[0].most * 2 + 2))
                return Estimate(known[0].by(TEXT).plus(arguments), size)
            case "starts_with_string" | "ends_with_string":
                return Estimate(known[0].by(TEXT).plus(arguments))
            case "in_list":
                return Estimate(known[1].by(1).plus(arguments))
            case "matches_string" if target is not None:
                text = (target.size or UNKNOWN).plus(ONE).by(TEXT)
                return Estimate(text.times(known[0].by(REGEX)).plus(arguments))
            case "contains_string" if target is not None:
                return Estimate((target.size or UNKNOWN).by(TEXT).times(known[0].by(TEXT)).plus(arguments))
            case "logical_or" | "logical_and":
                return Estimate(Span(costs[0].least, costs[0].plus(costs[1]).most))
            case "conditional":
                return self._either(node, known, costs)
            case "add_string" | "add_bytes" | "add_list":
                return self._sum(node, overload, known, arguments)
        if overload in _COMPARED:
            most = min(known[0].most, known[1].most)
            return Estimate(Span(min(most, 1), most).by(TEXT).plus(arguments))
        return Estimate(ONE.plus(arguments))

    def _either(self, node: Node, known: list[Span], costs: list[Span]) -> Estimate:
        then, otherwise = self._entries(node.parts[1]), self._entries(node.parts[2])
        if then is not None and otherwise is not None:
            self._of(node).entries = _united(then, otherwise)
        return Estimate(costs[0].plus(costs[1].joined(costs[2])), known[1].joined(known[2]))

    def _sum(self, node: Node, overload: str, known: list[Span], arguments: Span) -> Estimate:
        size = known[0].plus(known[1])
        left, right = self._entries(node.parts[0]), self._entries(node.parts[1])
        if left is not None and right is not None:
            self._of(node).entries = _united(left, right)
        return Estimate((ONE if overload == "add_list" else size.by(TEXT)).plus(arguments), size)


_COMPARED = frozenset(
    {f"{how}_{what}" for how in ("less", "greater", "less_equals", "greater_equals") for what in ("string", "bytes")}
    | {"equals", "not_equals"}
)


def _wrapped(number: int) -> int:
    """Go's own arithmetic, which some sizes are left to."""
    return number & MOST


def _united(one: Entries, other: Entries) -> Entries:
    return Entries(one.is_list, one.key.joined(other.key), one.value.joined(other.value))


def _is_binding(loop: Loop) -> bool:
    never = loop.condition.kind == "literal" and loop.condition.value is False
    return loop.over.kind == "list" and not loop.over.parts and never and loop.gathers != RESULT


def _own_size(node: Node) -> Span | None:
    match node.kind:
        case "literal":
            return fixed(len(node.value)) if isinstance(node.value, (str, bytes)) else ONE
        case "list":
            return fixed(len(node.parts))
        case "map":
            return fixed(len(node.parts) // 2)
    return None


def _is_scalar(one: Type) -> bool:
    return one[0] in SCALARS or (one[0] == "optional" and _is_scalar(one[1]))


def _is_opaque(one: Type) -> bool:
    return one[0] == "object" and str(one[1]).startswith("net.")
