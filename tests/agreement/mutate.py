"""Valid documents made wrong, or differently right, by chance: one or two mutations each, the same for the same seed."""

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aichaos.files import yaml

from . import invent, values
from .tree import Map, Typed, grown, held, places, put, removed, written

FAMILIES = Path(__file__).parent / "families"
NAMESPACE = "agreement"

Rng = random.Random


@dataclass(frozen=True)
class Manifest:
    """One document of the campaign: the family and the mutations that it comes from, and its text."""

    family: str
    mutation: str
    text: str


@dataclass(frozen=True)
class Place:
    """A value in a tree: its path, the map or list that holds it, where in there; its document, and all documents of the family."""

    path: tuple[str | int, ...]
    holder: Any
    index: int
    document: Any
    family: Sequence[Any]

    @property
    def value(self) -> Any:
        return held(self.holder, self.index)

    @property
    def key(self) -> str:
        """The nearest name: of the field, or of the list that the item stands in."""
        return next((part for part in reversed(self.path) if isinstance(part, str)), "")


def families() -> dict[str, list[Any]]:
    """The valid documents, by family."""
    return {
        file.stem: [document.value for document in yaml.read(file.read_text(encoding="utf-8"), file.name)]
        for file in sorted(FAMILIES.iterdir())
    }


def valid() -> Iterator[Manifest]:
    """The documents as they are."""
    for family, documents in families().items():
        for document in documents:
            yield Manifest(family, "none", written(grown(document)))


def campaign(seed: int, count: int) -> list[Manifest]:
    """That many different manifests, spread evenly over the families."""
    rng = Rng(seed)
    known = list(families().items())
    made: dict[str, Manifest] = {}
    while len(made) < count:
        family, documents = known[len(made) % len(known)]
        manifest = _mutated(rng, family, documents)
        if manifest is not None:
            made.setdefault(manifest.text, manifest)
    return list(made.values())


def _mutated(rng: Rng, family: str, documents: Sequence[Any]) -> Manifest | None:
    document = rng.choice(documents)
    tree = grown(copy.deepcopy(document))
    before = written(tree)
    names = []
    for _ in range(1 if rng.random() < 0.9 else 2):
        name = rng.choices(list(MUTATIONS), weights=[weight for weight, _ in MUTATIONS.values()])[0]
        spots = [
            Place(path, holder, index, document, documents) for path, holder, index in places(tree) if path[0] not in ("apiVersion", "kind")
        ]
        # Metadata is the same for all kinds: one place in six is enough.
        spots = [spot for spot in spots if spot.path[0] != "metadata" or rng.random() < 0.17]
        rng.shuffle(spots)
        if any(MUTATIONS[name][1](rng, spot) for spot in spots):
            names.append(name)
    text = written(tree)
    return Manifest(family, "+".join(names), text) if names and text != before else None


# structure ----------------------------------------------------------------------------------------------------------------------


def drop(rng: Rng, place: Place) -> bool:
    removed(place.holder, place.index)
    return True


def rename(rng: Rng, place: Place) -> bool:
    if not isinstance(place.holder, Map):
        return False
    key, value = place.holder.pairs[place.index]
    choices = [key + "s", key[:-1], key.capitalize(), key.lower(), _snake(key), key[:1] + key[2:], key + "Ref", key[::-1], f"{key} "]
    place.holder.pairs[place.index] = (rng.choice([choice for choice in choices if choice != key] or ["x"]), value)
    return True


def unknown_field(rng: Rng, place: Place) -> bool:
    if not isinstance(place.value, Map):
        return False
    field = rng.choice(["unknown", "labels", "name", "enabled", "timeout", "spec", "value", "status", "x-extra", "duration", "namespace"])
    place.value.pairs.append((field, rng.choice([1, "text", True, Map([]), [], None])))
    return True


def move_up(rng: Rng, place: Place) -> bool:
    """A field written one level too far out: the usual error of indentation."""
    if not isinstance(place.holder, Map) or len(place.path) < 3 or not isinstance(place.value, Map):
        return False
    inner = place.value
    if not inner.pairs:
        return False
    place.holder.pairs.append(inner.pairs.pop(rng.randrange(len(inner.pairs))))
    return True


def move_down(rng: Rng, place: Place) -> bool:
    """A field written one level too far in."""
    if not isinstance(place.holder, Map):
        return False
    maps = [value for _, value in place.holder.pairs if isinstance(value, Map) and value is not place.value]
    if not maps:
        return False
    pair = place.holder.pairs.pop(place.index)
    rng.choice(maps).pairs.append(pair)
    return True


def wrap(rng: Rng, place: Place) -> bool:
    put(place.holder, place.index, rng.choice([[place.value], Map([("value", place.value)]), Map([("name", place.value)])]))
    return True


def unwrap(rng: Rng, place: Place) -> bool:
    value = place.value
    if isinstance(value, Map) and value.pairs:
        put(place.holder, place.index, rng.choice([next(iter(dict(value.pairs).values())), [value]]))
        return True
    if isinstance(value, list) and value:
        put(place.holder, place.index, value[0])
        return True
    return False


def empty(rng: Rng, place: Place) -> bool:
    put(place.holder, place.index, rng.choice(["", Map([]), [], None, Typed("~"), Typed("")]))
    return True


def duplicate_key(rng: Rng, place: Place) -> bool:
    if not isinstance(place.holder, Map):
        return False
    key, value = place.holder.pairs[place.index]
    place.holder.pairs.append((key, rng.choice([copy.deepcopy(value), "other", 7])))
    return True


def duplicate_item(rng: Rng, place: Place) -> bool:
    """An entry twice: the same, or with one thing changed."""
    items = place.holder if isinstance(place.holder, list) else place.value
    if not isinstance(items, list) or not items:
        return False
    again = copy.deepcopy(rng.choice(items))
    if isinstance(again, Map) and again.pairs and rng.random() < 0.6:
        index = rng.randrange(len(again.pairs))
        key, value = again.pairs[index]
        changed = f"{value}x" if isinstance(value, str) else value + 1 if isinstance(value, int) and not isinstance(value, bool) else value
        again.pairs[index] = (key, changed)
    items.insert(rng.randrange(len(items) + 1), again)
    return True


def many_items(rng: Rng, place: Place) -> bool:
    items = place.holder if isinstance(place.holder, list) else place.value
    if not isinstance(items, list) or not items:
        return False
    items.extend(copy.deepcopy(items[0]) for _ in range(rng.choice([7, 16, 17, 64, 70])))
    return True


def splice(rng: Rng, place: Place) -> bool:
    """A field of another document of the family, or of another place in this one."""
    if not isinstance(place.holder, Map):
        return False
    donors = [
        (path[-1], held(holder, index))
        for other in place.family
        for path, holder, index in places(grown(other))
        if isinstance(path[-1], str)
    ]
    key, value = rng.choice(donors)
    if key in dict(place.holder.pairs):
        put(place.holder, [pair[0] for pair in place.holder.pairs].index(str(key)), copy.deepcopy(value))
    else:
        place.holder.pairs.append((str(key), copy.deepcopy(value)))
    return True


def borrow(rng: Rng, place: Place) -> bool:
    """The value that a field of the same name has somewhere else in the family."""
    donors = [held(holder, index) for other in place.family for path, holder, index in places(grown(other)) if path[-1] == place.path[-1]]
    donors = [donor for donor in donors if donor != place.value]
    if not donors:
        return False
    put(place.holder, place.index, copy.deepcopy(rng.choice(donors)))
    return True


def swap(rng: Rng, place: Place) -> bool:
    """The values of two neighbours change places."""
    if not isinstance(place.holder, Map) or len(place.holder.pairs) < 2:
        return False
    other = rng.randrange(len(place.holder.pairs))
    mine = place.value
    put(place.holder, place.index, held(place.holder, other))
    put(place.holder, other, mine)
    return other != place.index


# values -------------------------------------------------------------------------------------------------------------------------


def odd_scalar(rng: Rng, place: Place) -> bool:
    return _scalar(place, Typed(rng.choice(values.ODD_SCALARS)))


def number(rng: Rng, place: Place) -> bool:
    if not isinstance(place.value, (int, float)):
        return False
    return _scalar(place, rng.choice(values.NUMBERS))


def wrong_type(rng: Rng, place: Place) -> bool:
    match place.value:
        case bool():
            return _scalar(place, rng.choice([str(place.value).lower(), 1, 0, None, []]))
        case int() | float():
            return _scalar(place, rng.choice([str(place.value), True, float(place.value) + 0.5, f"{place.value}s", []]))
        case str():
            return _scalar(place, rng.choice([5, 0.5, True, [place.value], Map([("a", "b")]), _number_of(place.value)]))
    put(place.holder, place.index, rng.choice(["text", 5, True, 0.5]))
    return True


def duration(rng: Rng, place: Place) -> bool:
    text = isinstance(place.value, str) and place.value[:1].isdigit() and place.value[-1:] in "smh"
    return text and _scalar(place, rng.choice(values.DURATIONS))


def quantity(rng: Rng, place: Place) -> bool:
    holders = ("cpu", "memory", "storage", "sizeLimit", "divisor", "averageValue", "pods", "requests.cpu", "size", "rate", "value")
    return place.key in holders and _scalar(place, rng.choice([*values.QUANTITIES, *values.QUANTITIES, 1, 0, -1, 1.5, 10**20]))


def name(rng: Rng, place: Place) -> bool:
    if not isinstance(place.value, str):
        return False
    if place.path == ("metadata", "namespace") and rng.random() < 0.7:
        return False
    return _scalar(place, rng.choice(values.NAMES))


def label(rng: Rng, place: Place) -> bool:
    """A key or a value of labels, annotations, selectors."""
    if not isinstance(place.holder, Map) or not isinstance(place.value, str):
        return False
    if rng.random() < 0.5:
        place.holder.pairs[place.index] = (rng.choice(values.LABELS), place.value)
        return True
    return _scalar(place, rng.choice(values.LABELS))


def port(rng: Rng, place: Place) -> bool:
    return "port" in place.key.lower() and _scalar(place, rng.choice(values.PORTS))


def address(rng: Rng, place: Place) -> bool:
    value = place.value
    return isinstance(value, str) and (value[:1].isdigit() or "." in value or ":" in value) and _scalar(place, rng.choice(values.ADDRESSES))


def text(rng: Rng, place: Place) -> bool:
    return isinstance(place.value, str) and _scalar(place, rng.choice(values.TEXTS))


def letters(rng: Rng, place: Place) -> bool:
    """Upper and lower case, a letter more or less: what happens to closed lists."""
    value = place.value
    if not isinstance(value, str) or not value:
        return False
    return _scalar(
        place, rng.choice([value.lower(), value.upper(), value.capitalize(), value + "s", value[:-1], f" {value}", f"{value} ", value * 40])
    )


def toggle(rng: Rng, place: Place) -> bool:
    if not isinstance(place.value, bool):
        return False
    put(place.holder, place.index, not place.value)
    return True


def known_field(rng: Rng, place: Place) -> bool:
    """A field that the kind has and the document does not, with some value of its type."""
    if not isinstance(place.value, Map) or place.path[0] in ("metadata", "status"):
        return False
    return invent.add_field(rng, place.document, place.path, place.value)


Mutation = Callable[[Rng, Place], bool]

# How often each is tried, and what it does.
MUTATIONS: dict[str, tuple[int, Mutation]] = {
    "drop": (10, drop),
    "rename": (8, rename),
    "unknown field": (4, unknown_field),
    "move up": (6, move_up),
    "move down": (4, move_down),
    "wrap": (3, wrap),
    "unwrap": (4, unwrap),
    "empty": (8, empty),
    "known field": (30, known_field),
    "duplicate key": (3, duplicate_key),
    "duplicate item": (7, duplicate_item),
    "many items": (2, many_items),
    "splice": (5, splice),
    "borrow": (6, borrow),
    "swap": (6, swap),
    "odd scalar": (10, odd_scalar),
    "number": (12, number),
    "wrong type": (8, wrong_type),
    "duration": (10, duration),
    "quantity": (8, quantity),
    "name": (10, name),
    "label": (6, label),
    "port": (9, port),
    "address": (6, address),
    "text": (10, text),
    "letters": (6, letters),
    "toggle": (4, toggle),
}


def _scalar(place: Place, value: Any) -> bool:
    if isinstance(place.value, (Map, list)):
        return False
    put(place.holder, place.index, value)
    return True


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


def _number_of(value: str) -> Any:
    return int(value) if value.isdigit() else 5
