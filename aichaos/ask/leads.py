"""What is said beside a secret, and leads to it: `api key: …`, `Passwort ist …`, `--token …`, `curl -u …`.

A lead only leads: what follows is read by itself, and where the words leave it open it has to look like a secret, so that a sentence about
the rotation of a password stays a sentence.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

import msgspec

from aichaos.domain.patterns import pattern

# what leads to a secret ---------------------------------------------------------------------------------------------------------------

_PASSWORD = (
    r"passw(?:or)?d|passphrase|passcode|pwd|[a-z0-9]+[_-]pass"
    r"|passwort|kennwort|mot de passe|mdp|contrase(?:ñ|n)a|senha|palavra-passe|parola d['’]ordine|wachtwoord|has(?:ł|l)o|heslo|jelsz(?:ó|o)"
    r"|l(?:ö|o)senord|salasana|passord|adgangskode|(?:ş|s)ifre|пароль|mật khẩu|密码|密碼|口令|パスワード|비밀번호|암호|סיסמה|كلمة المرور"
)
_KEY = (
    r"(?:api|access|secret|private|signing|encryption|master|account|shared|license)[ _-]?key|(?:auth|access|secret)[ _-]?token|token"
    r"|api-?schl(?:ü|u)ssel|cl(?:é|e)(?: d['’])?[ -]?api|clave|密钥|密鑰|秘钥|令牌|トークン|토큰"
)
_NAMED = r"secret[ _-]?access[ _-]?key|secret|credentials?"
"""Words that are a kind of object, too: what stands beside them is often its name."""
_WORD = rf"(?:{_PASSWORD}|{_KEY}|{_NAMED})"
_IS = r"(?:is|was|are|were|equals|ist|lautet|war|est|es|é|è|jest|är|er|on)"
_IS_UNSPACED = r"(?:是|为|為|は|が|은|는|이)"
_SEPARATOR = r"(?::=|=>|->|[:=：＝])"
_FOR = r"(?:[ \t]+(?:for|of|to|on|für|von|pour|de|para|per)[ \t]+[^\n:=.,;]{1,40}?)?"
_MYSQL = r"mysql(?:dump|admin|import|show|check|pump|sh)?|mariadb(?:-[a-z]{1,10})?"
_LOGIN = r"(?:docker|podman|nerdctl|buildah|skopeo|oras|helm[ \t]+registry|oc|az)[ \t]+login"

LEADS = {
    "header": r"authori[sz]ation[\"'\\]{0,2}[ \t]{0,4}[:=：＝][ \t]{0,4}",
    "cookie": r"\b(?:set-)?cookie[\"'\\]{0,2}[ \t]{0,4}[:：][ \t]{0,4}",
    "flag": rf"(?:^|[\s\"'`])--?(?:[a-z0-9]+-)*(?:{_PASSWORD}|pass|{_KEY}|{_NAMED})(?:[ \t]+|=)",
    "label": rf"[a-z0-9_-]*{_WORD}(?:[ \t]*\([^()\n]{{1,40}}\))?{_FOR}(?:[ \t]+{_IS})?[\"'\\]{{0,2}}[ \t]{{0,4}}{_SEPARATOR}[ \t]{{0,4}}",
    "below": rf"[a-z0-9_-]*{_WORD}[\"']?[ \t]{{0,4}}[:：][ \t]{{0,4}}(?:[|>][+-]?)?[ \t]*\n[ \t]*",
    "said": rf"(?:{_WORD}|\bpin){_FOR}[ \t]+{_IS}[ \t]+|{_WORD}[ \t]?{_IS_UNSPACED}[ \t]?",
    "beside": rf"{_WORD}[ \t]+",
    "field": r"name:[ \t]*[\"']?(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-auth-token)[\"']?[ \t]*\n"
    r"(?:[ \t]*type:[^\n]*\n)?[ \t]*value:[ \t]*",
    "scheme": r"\b(?:bearer|basic)[ \t]+",
    "command": rf"\b(?:{_MYSQL}|sshpass|mongo(?:sh|dump|restore|export|import)?|cqlsh|rabbitmqadmin|redis-cli|ldap[a-z]{{3,8}}|sqlcmd"
    rf"|curl|wget|https?|{_LOGIN})[ \t]",
}
"""What stands before a secret, without regard to case. What follows is read by `READERS`. No group in them but those without a number."""

PLACE = pattern(r"redacted-(?:key|token|secret|mail|random)-\d+")
"""What stands where a secret stood."""


class Span(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where a secret stands, and its kind."""

    start: int
    end: int
    kind: str


# what follows -------------------------------------------------------------------------------------------------------------------------

_END = r"\s\"'`“”„‘’«»「」，。；、！？（）"
_VALUE = pattern(
    r"\\?\"(?P<double>(?:[^\"\\\n]|\\(?!\")){1,400})\\?\"|'(?P<single>[^'\n]{1,400})'|`(?P<tick>[^`\n]{1,400})`"
    r"|[“„](?P<curly>[^”“\n]{1,400})[”“]|‘(?P<quote>[^’\n]{1,400})’|«[ \xa0]?(?P<angle>[^»\n]{1,400}?)[ \xa0]?»"
    r"|「(?P<corner>[^」\n]{1,400})」"
    rf"|[\"'`]?(?P<bare>[^{_END}]+)"
)
_ASCII = pattern(r"[!-~]+")
_PLAIN = pattern(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_OBJECT = pattern(r"[a-z0-9]+(?:[.-][a-z0-9]+)+")
_QUANTITY = pattern(r"\d{1,3}(?:[.,]\d+)*%?|\d{1,5}(?:ms|s|m|h|d|x|%|th|st|nd|rd)|\d{1,2}(?:[:h]\d{2})+")
_LINE = pattern(r"[^\n]*")
_COOKIE = pattern(r"[^\n\"'`]*")
_SCHEME = pattern(r"(?:token|basic|bearer|api-?key|digest|negotiate|key|jwt|oauth|aws4-hmac-sha256)[ \t]+", re.IGNORECASE)
_A_PASSWORD = pattern(rf"(?:{_PASSWORD})", re.IGNORECASE)
_A_NAME = pattern(r"(?:secret|credentials?)[ \t]", re.IGNORECASE)


@cache
def _said_of_passwords() -> frozenset[str]:
    """What is said of a password in a sentence, and is none."""
    return frozenset((files("aichaos.ask") / "said_of_passwords.txt").read_text(encoding="utf-8").split())


class _Value(msgspec.Struct, frozen=True, gc=False):
    """What stands at a place. quoted: whether somebody has put it in quotes."""

    start: int
    end: int
    text: str
    quoted: bool

    @property
    def plain(self) -> bool:
        """Whether it is a word, or several with hyphens, as sentences have them."""
        text = self.text
        return bool(_PLAIN.fullmatch(text)) and (text.islower() or text.isupper() or text == text.capitalize() or not text.isascii())

    def span(self) -> "Span":
        return Span(self.start, self.end, "secret")


def _value(text: str, at: int) -> _Value | None:
    match = _VALUE.match(text, at)
    if match is None:
        return None
    group = str(match.lastgroup)
    start, end = match.span(group)
    if group == "bare":
        found = match[group]
        start += len(found) - len(found.lstrip("(<"))
        end -= len(found) - len(found.rstrip(".,;:!?)]}>\\|&"))
        end = max(start, end)
        if end < match.end(group) and text[end] == "!":  # in a sentence the end of it, and as often the end of a password
            end += 1
    value = text[start:end]
    return None if PLACE.search(value) else _Value(start, end, value, group != "bare")


def _label(text: str, match: Any) -> Iterator[Span]:
    value = _value(text, match.end())
    if value is not None and len(value.text) >= (3 if _A_PASSWORD.search(match.group()) or not value.plain else 4):
        yield value.span()


def _below(text: str, match: Any) -> Iterator[Span]:
    value = _value(text, match.end())
    follows = text[value.end : value.end + 1] if value else ""
    if value is not None and len(value.text) >= 4 and follows != ":" and not value.text.startswith("-") and not value.plain:
        yield value.span()


def _said(text: str, match: Any) -> Iterator[Span]:
    """`… is X`: any word may be a password, but for those that people say of one; a key is no word."""
    value = _value(text, match.end())
    if value is None or len(value.text) < 3 or (not match.group()[-1:].isspace() and not _ASCII.match(value.text)):
        return
    if not match.group().isascii() and not value.quoted and (ascii_part := _ASCII.match(value.text)):
        value = _Value(value.start, value.start + ascii_part.end(), ascii_part[0], False)
    telling = not (value.plain or _QUANTITY.fullmatch(value.text) or _object(match.group(), value.text))
    word = value.plain and _A_PASSWORD.search(match.group()) and value.text.lower() not in _said_of_passwords()
    if value.quoted or telling or word:
        yield value.span()


def _beside(text: str, match: Any) -> Iterator[Span]:
    """`password X`, `token X`: only what looks like none of the words that stand in a sentence."""
    value = _value(text, match.end())
    if value is None or value.plain or len(value.text) < 4 or _QUANTITY.fullmatch(value.text) or value.text[0] in "/<$-{":
        return
    if _A_PASSWORD.search(match.group()) or (
        any(one.isdigit() for one in value.text) and len(value.text) >= 6 and not _object(match.group(), value.text)
    ):
        yield value.span()


def _object(lead: str, value: str) -> bool:
    """Whether it is rather the name of a Secret."""
    return bool(_A_NAME.search(lead) and _OBJECT.fullmatch(value))


def _flag(text: str, match: Any) -> Iterator[Span]:
    value = _value(text, match.end())
    if value is None or len(value.text) < 3 or value.text.startswith("-"):
        return
    if (
        value.quoted
        or not value.plain
        or match.group().endswith("=")
        or value.text.lower() not in {"and", "are", "but", "the", "with", "for"}
    ):
        yield value.span()


def _header(text: str, match: Any) -> Iterator[Span]:
    at = match.end() + (text[match.end() : match.end() + 1] in ("'", '"'))
    scheme = _SCHEME.match(text, at)
    value = _value(text, scheme.end() if scheme else at)
    if value is not None and len(value.text) >= 3 and (scheme or value.quoted or not value.plain):
        yield value.span()


def _scheme(text: str, match: Any) -> Iterator[Span]:
    value = _value(text, match.end())
    if value is None or len(value.text) < 8 or value.plain:
        return
    if any(one.isdigit() for one in value.text) or not _OBJECT.fullmatch(value.text):
        yield value.span()


def _rest(pattern: re.Pattern[str]) -> Callable[[str, Any], Iterator[Span]]:
    def read(text: str, match: Any) -> Iterator[Span]:
        found = pattern.match(text, match.end())
        if found and found[0].strip():
            yield Span(found.start(), found.start() + len(found[0].rstrip()), "secret")

    return read


_P = pattern(r"(?<=[ \t])-p[ \t=]?(?![ \t-])")
_COMMANDS = (
    (pattern(rf"{_MYSQL}|sshpass|mongo|cqlsh|rabbitmqadmin|.*login", re.IGNORECASE), _P),
    (pattern(r"redis-cli", re.IGNORECASE), pattern(r"(?<=[ \t])-a[ \t=]?(?![ \t-])")),
    (pattern(r"ldap", re.IGNORECASE), pattern(r"(?<=[ \t])-w[ \t=]?(?![ \t-])")),
    (pattern(r"sqlcmd", re.IGNORECASE), pattern(r"(?<=[ \t])-P[ \t=]?(?![ \t-])")),
    (
        pattern(r"curl|wget|http", re.IGNORECASE),
        pattern(r"(?<=[ \t])(?:-[a-zA-Z]{0,6}[uU]|--(?:proxy-)?user|-a)(?:[ \t]+|=)?(?![ \t-])"),
    ),
)
"""Programs, and the flag whose value is a password; where it is a user's name as well, a colon stands in it."""
_MOST_OF_A_LINE = 400
_MOST_FLAGS = 3
"""Characters behind a program, and flags of one letter, that are looked at: the next program in the line is looked at by itself."""


def _command(text: str, match: Any) -> Iterator[Span]:
    flag = next(flag for program, flag in _COMMANDS if program.match(match.group()))
    for found in islice(flag.finditer(text, match.end() - 1, match.end() + _MOST_OF_A_LINE), _MOST_FLAGS):
        if "\n" in text[match.end() : found.start()]:
            return
        value = _value(text, found.end())
        if value is not None and (flag is not _COMMANDS[-1][1] or re.search("[:：].", value.text)):
            yield value.span()
            return


READERS: dict[str, Callable[[str, Any], Iterator[Span]]] = {
    "header": _header,
    "cookie": _rest(_COOKIE),
    "flag": _flag,
    "label": _label,
    "below": _below,
    "said": _said,
    "beside": _beside,
    "field": _rest(_LINE),
    "scheme": _scheme,
    "command": _command,
}
assert READERS.keys() == LEADS.keys()
