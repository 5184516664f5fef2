"""What leaves in place of what must not: stand-ins for secrets always, and for all names and addresses where the user asks for it.

A name is replaced word by word, so that `checkout-db` and `checkout-db-v2`, a host, a URL, a label and half a mention in a sentence stay
recognisable as one and the same thing, and what a model makes of a stand-in (`zavoki-v3`) turns back into what it would have made of
the name. Stand-ins are words of a form that no language has and that stands nowhere in what is sent; no two originals share one.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from aichaos.ask.leads import PLACE
from aichaos.ask.redact import redact
from aichaos.ask.words import common_words
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import UsageError

_COMPOUND = re.compile(r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*")
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SPLIT = re.compile(r"[._-]+")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|:)(?![\w:])|(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:)+:[0-9A-Fa-f:]*(?![\w:])"
)
_DNS_END = re.compile(r"\.(?:svc(?:\.cluster\.local)?|com|org|net|io|dev|gov|edu|info|biz|co|cloud|internal|local|lan|test|[a-z]{2})$")
_PUBLIC = re.compile(
    r"(?:^|.*\.)(?:k8s\.io|kubernetes\.io|istio\.io|x-k8s\.io|litmuschaos\.io|chaos-mesh\.org|projectcontour\.io|envoyproxy\.io|upbound\.io)$"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://")
_NAMED = re.compile(r"(?i:\b(?:service\s*account|namespace|named|called|name)\b[\s:=]*(?:is\s+)?)[\"'“‘„`]?([A-Za-z0-9][A-Za-z0-9._-]*)")

NAMES = frozenset(
    [
        "name",
        "namespace",
        "namespaces",
        "hostname",
        "hostnames",
        "host",
        "hosts",
        "sectionName",
        "serviceAccountName",
        "chaosServiceAccount",
        "appns",
        "applabel",
        "url",
        "via",
        "backend",
        "object",
        "why_here",
        "scope_namespaces",
        "serviceAccount",
        "gatewayClassName",
        "class",
        "container",
        "containers",
        "containerNames",
        "subset",
        "pods",
        "secretName",
        "configMapName",
        "claimName",
        "nodeName",
        "parent",
        "gateway",
    ]
)
"""Fields whose text is a name or an address, whatever stands in it."""
WORDS_OF_THE_API = frozenset(
    ["kind", "apiVersion", "type", "protocol", "method", "action", "mode", "scheme", "operator", "condition", "controllerName", "effect"]
)
"""Fields whose text is the API's own."""
LABELS = frozenset(
    ["labels", "matchLabels", "selector", "labelSelectors", "pod_labels", "pods_labelled", "nodeSelector", "set", "annotations", "headers"]
)
"""Fields that hold keys and values of the user's."""


class Veil:
    """Hides and lifts. `names`: whether names are hidden, too, or secrets only. One veil serves a whole conversation."""

    def __init__(self, snapshot: Snapshot | None = None, *, names: bool = False, known: Iterable[str] = ()) -> None:
        """known: names beside those of the snapshot."""
        self.names = names
        self._stand_ins: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._secrets: dict[str, str] = {}
        self._seen: dict[tuple[str, bool], str] = {}
        self._free = _stand_ins()
        self._known = frozenset([*known, *(_names(snapshot) if snapshot else ())]) if names else frozenset[str]()
        self._joined = "\n".join(f"-{_plain(name)}-" for name in sorted(self._known))
        self._words = {piece.lower() for name in self._known for piece in _PIECE.findall(name)}

    # hiding -------------------------------------------------------------------------------------------------------------------------

    def hide(self, text: str) -> str:
        """A sentence, or any text: known names and what looks like one are replaced, the words between them stay."""
        text = redact(text, self._secret)
        if not self.names:
            return text
        said = {match[1] for match in _NAMED.finditer(text) if match[1].lower() not in _vocabulary()}
        return self._replaced(self._without_addresses(text), strict=said)

    def hide_name(self, text: str) -> str:
        """A text that is a name, an address, a URL or a reference, whatever words it is made of."""
        text = redact(text, self._secret)
        if not self.names:
            return text
        scheme = _URL.match(text)
        head = scheme[0] if scheme else ""
        first, slash, rest = text.partition("/")
        if not head and slash and (first in BY_NAME or first in ("gateway", "service")):
            head, text = first + slash, first + slash + rest
        return head + self._replaced(self._without_addresses(text[len(head) :]), strict=None)

    def hide_tree(self, value: Any, field: str = "") -> Any:
        """Whatever a document holds; its own field names and the API's own words stay."""
        match value:
            case str():
                if field in WORDS_OF_THE_API:
                    return value
                return self.hide_name(value) if field in NAMES else self.hide(value)
            case list() | tuple():
                return [self.hide_tree(item, field) for item in value]
            case dict():
                if field in LABELS:
                    return {self.hide(key): self._labelled(key, inner) for key, inner in value.items()}
                return {key: self.hide_tree(inner, "name" if field == "path" and key == "value" else key) for key, inner in value.items()}
        return value

    def _labelled(self, key: str, inner: Any) -> Any:
        """A label's value; a secret where its key says that it is one (`password: …`), whatever shape it has."""
        if isinstance(inner, str):
            head = f"{key}: "
            whole = redact(head + inner, self._secret)
            inner = whole[len(head) :] if whole.startswith(head) else inner
        return self.hide_tree(inner, _inner(key, inner))

    def _without_addresses(self, text: str) -> str:
        text = _IPV4.sub(lambda found: self._address(found[0]), text) if "." in text else text
        return _IPV6.sub(lambda found: self._address(found[0]), text) if ":" in text else text

    def _replaced(self, text: str, strict: set[str] | None) -> str:
        """Every compound of a text; the stand-ins of addresses, and dates, are left alone: a date is no name."""
        pieces: list[str] = []
        last = 0
        for address in _LEFT_ALONE.finditer(text):
            pieces += [self._compounds(text[last : address.start()], strict), address[0]]
            last = address.end()
        return "".join([*pieces, self._compounds(text[last:], strict)])

    def _compounds(self, text: str, strict: set[str] | None) -> str:
        return _COMPOUND.sub(lambda found: self._compound(found[0], strict is None or found[0] in strict), text)

    def _compound(self, text: str, strict: bool) -> str:
        known = self._seen.get((text, strict))
        if known is None:
            known = self._seen[text, strict] = self._hidden(text, strict)
        return known

    def _hidden(self, text: str, strict: bool) -> str:
        if text in self._originals or text.startswith("redacted-") or _PUBLIC.match(text):
            return text
        words = [piece.lower() for piece in _PIECE.findall(text)]
        known = text in self._known and (len(words) > 1 or text.lower() not in _spoken())
        if not (strict or known or self._tells(text, words)):
            return text
        end = _DNS_END.search(text) if "." in text else None
        tail = end[0] if end and end.start() != 0 else ""
        body = text[: len(text) - len(tail)]
        hidden = _PIECE.sub(lambda piece: self._piece(piece[0]), body)
        if hidden == body and (strict or body in self._known) and not body.isdigit():
            hidden = self._stand_in(body)
        return hidden + tail

    def _tells(self, text: str, words: list[str]) -> bool:
        """Whether a word or a compound tells a name: of the cluster, whole or in part; or one that looks like a name."""
        common = _vocabulary()
        if any(word in self._words and word not in common and len(word) > 1 for word in words):
            return True
        if not _SPLIT.search(text):
            return False
        parts = [part for part in _SPLIT.split(text) if part]
        if f"-{_plain(text)}-" in self._joined:
            return True
        runs = (
            "-".join(parts[start:end]).lower() for start in range(len(parts)) for end in range(start + 2, min(len(parts), start + 8) + 1)
        )
        if any(f"\n-{run}-\n" in f"\n{self._joined}\n" for run in runs):
            return True
        return any(word not in common and word.isalpha() and len(word) > 1 for word in words) and not _number(text)

    def _piece(self, piece: str) -> str:
        if len(piece) < 2 or (piece.isdigit() and len(piece) < 4):
            return piece
        found = self._stand_in(piece.lower())
        return found if piece.islower() or piece.isdigit() else found.upper() if piece.isupper() else found.capitalize()

    def _stand_in(self, original: str) -> str:
        if original not in self._stand_ins:
            free = next((word for word in self._free if word not in self._joined and word not in self._words), None)
            if free is None:
                hint = "Ask about fewer namespaces with -n, or allow shorter prompts with --budget."
                raise UsageError("too many names to hide them all", hint=hint)
            self._stand_ins[original] = free
            self._originals[free] = original
        return self._stand_ins[original]

    def _address(self, original: str) -> str:
        if original in ("127.0.0.1", "0.0.0.0", "::1") or original in self._originals:
            return original
        if original not in self._stand_ins:
            number = len(self._stand_ins)
            # RFC 2544 and RFC 3849: addresses that nobody has
            four = f"198.{18 + number // 50_000}.{number // 200 % 250}.{0 if original.endswith('.0') else number % 200 + 1}"
            found = f"2001:db8::{number:x}" if ":" in original else four
            if found in self._originals:
                found = f"198.19.{number % 250}.{number // 250 % 200 + 1}"
            self._stand_ins[original] = found
            self._originals[found] = original
        return self._stand_ins[original]

    def _secret(self, kind: str, secret: str) -> str:
        return self._secrets.setdefault(secret, f"redacted-{kind}-{len(self._secrets) + 1}")

    # lifting ------------------------------------------------------------------------------------------------------------------------

    def lift(self, text: str) -> str:
        """Originals in the place of their stand-ins, wherever in a text or a word they stand.

        A secret comes back where it is one plain word; one that would change the form of the text around it stays out.
        """
        safe = {place: secret for secret, place in self._secrets.items() if _PLAIN_SECRET.fullmatch(secret)}
        if safe:
            text = PLACE.sub(lambda found: safe.get(found[0], found[0]), text)
        if not self._originals:
            return text
        text = _STAND_IN_ADDRESS.sub(lambda found: self._originals.get(found[0].lower(), found[0]), text)
        return _STAND_IN.sub(self._lifted, text)

    def _lifted(self, found: re.Match[str]) -> str:
        """A stand-in's original, in its case; letters before it that are its kind of beginning, too, belong to the word around it."""
        for start in range(len(found[0]) - _LENGTH + 1):
            word = found[0][start:]
            original = self._originals.get(word.lower())
            if original is None:
                continue
            if not word.islower() and original.islower():
                original = original.upper() if word.isupper() else original.capitalize() if word[0].isupper() else original
            return found[0][:start] + original
        return found[0]


_LENGTH = 6
_HEADS = "zxqjwy"
_STAND_IN = re.compile(rf"[{_HEADS}]+[aiou](?:[bdfgkmpv][aiou]){{2}}", re.IGNORECASE)
_STAND_IN_ADDRESS = re.compile(
    r"(?<![\w.])198\.1[89]\.\d{1,3}\.\d{1,3}(?![\w]|\.\d)|(?<![\w:])2001:db8::[0-9a-f]{1,4}(?![\w:])", re.IGNORECASE
)
_DATE = r"(?<![\w.-])\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-]|\.\w)"
_LEFT_ALONE = re.compile(f"{_STAND_IN_ADDRESS.pattern}|{_DATE}", re.IGNORECASE)
_PLAIN_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+/=~-]*")


def _stand_ins() -> Iterator[str]:
    """`zabaka`, `zabaki`, …: 4,096 with each first letter, in an order that tells nothing and is always the same."""
    vowels, consonants = "aiou", "bdfgkmpv"
    for head in _HEADS:
        for number in range(4096):
            rest = number * 1291 % 4096  # odd, so every number comes once
            word = head + vowels[rest % 4]
            for shift in (2, 7):
                word += consonants[rest >> shift & 7] + vowels[rest >> shift + 3 & 3]
            yield word


def _inner(key: str, value: Any) -> str:
    """A label's value is a name; a mapping inside (`labelSelectors` of a selector) is looked at by its own key."""
    return key if isinstance(value, (dict, list)) else "name"


def _plain(name: str) -> str:
    return "-".join(part for part in _SPLIT.split(name.lower()) if part)


def _number(text: str) -> bool:
    """`1.24.0`, `99.9`, `1-100`, `v1`: numbers, versions, ranges."""
    return all(part.isdigit() or re.fullmatch(r"v?\d+[a-z]{0,5}\d*", part) for part in _SPLIT.split(text))


@cache
def _spoken() -> frozenset[str]:
    """The words that every one of our questions holds: a name that is one of them tells nothing where it stands alone."""
    texts = [(files("aichaos.prompts") / f"{name}.md").read_text(encoding="utf-8") for name in ("ideas", "experiment", "refine", "repair")]
    return frozenset(word.lower() for text in texts for word in _PIECE.findall(text))


@cache
def _vocabulary() -> frozenset[str]:
    """Every word that our own prompts hold anyway, and common words of the trade: they say nothing about anybody.

    In a sentence they stay, in a name they do not.
    """
    folder = files("aichaos.prompts")
    texts = [path for path in (*folder.iterdir(), *(folder / "facts").iterdir()) if path.name.endswith(".md") and path.name != "README.md"]
    ours = {word.lower() for path in texts for word in _PIECE.findall(path.read_text(encoding="utf-8"))}
    kinds = {word.lower() for kind in BY_NAME for word in (kind, f"{kind}s", *_PIECE.findall(kind))}
    return common_words() | ours | kinds


def _names(snapshot: Snapshot) -> Iterable[str]:
    """Every name, label, host, path, port name and address that objects of a cluster bear."""
    import msgspec

    from aichaos.domain.kinds import KINDS

    for kind in KINDS:
        for obj in getattr(snapshot, kind.field):
            yield obj.name
            yield from filter(None, (obj.namespace, *obj.labels.values()))
            yield from (key for key in obj.labels if not _PUBLIC.match(key.partition("/")[0]) and key not in _vocabulary())
            if kind.name in _DEEP:
                yield from names_in(msgspec.to_builtins(obj))
    yield from (secret.name for secret in snapshot.secrets)
    yield from (ref.name for ref in snapshot.others)


_DEEP = frozenset(
    [
        "Gateway",
        "ListenerSet",
        "HTTPRoute",
        "GRPCRoute",
        "TLSRoute",
        "Service",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "NetworkPolicy",
        "VirtualService",
        "DestinationRule",
    ]
)


def names_in(value: Any, field: str = "") -> Iterator[str]:
    """Every name, address and label in a document."""
    match value:
        case str():
            if field in NAMES and value and not value.startswith("$"):
                yield from (part for part in re.split(r"[/*\s:]+", value) if part and part not in BY_NAME)
        case list() | tuple():
            for item in value:
                yield from names_in(item, field)
        case dict():
            for key, inner in value.items():
                if field in LABELS and isinstance(inner, str):
                    yield inner
                else:
                    yield from names_in(inner, "name" if field == "path" and key == "value" else key)
