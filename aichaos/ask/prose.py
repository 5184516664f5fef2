"""Ideas from an answer in prose: under labels (`**Title:** …`, `- **summary**: …`), or as numbered paragraphs.

Most models write so when nobody asks for YAML, and small ones also when somebody does.
"""

import re

from aichaos.domain.patterns import pattern
from aichaos.domain.suggestion import Idea

_MOST_PROSE = 100_000
_MOST_IDEAS = 100
_MOST_SUMMARY = 600
_MOST_TITLE = 200


def in_prose(text: str) -> dict[str, Idea]:
    """The ideas of an answer by their ids, in order; none for other prose."""
    text = text[:_MOST_PROSE]
    return _labelled(text) or _numbered(text)


# labels -------------------------------------------------------------------------------------------------------------------------------

_LABEL = pattern(
    r"^[ \t]*(?:[-*+][ \t]+|#{1,6}[ \t]+)?(?P<bold>\*\*|__|`)?"
    r"(?P<label>id|title|name|category|summary|description|why[ _-]here|hypothesis)"
    r"(?:(?P=bold):?|:(?P=bold)?)[ \t]*(?P<rest>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = pattern(r"^[ \t]*(?:#{1,6}[ \t]+\S|-{3,}[ \t]*$|\*{3,}[ \t]*$)", re.MULTILINE)
_OBJECT = pattern(r"\b[A-Z][A-Za-z0-9]{1,62}/[a-z0-9.-]{1,253}(?:/[a-z0-9.-]{0,252}[a-z0-9])?")
_SAME = {"name": "title", "description": "summary", "why here": "why_here", "why-here": "why_here"}


def _labelled(text: str) -> dict[str, Idea]:
    found: dict[str, Idea] = {}
    fields: dict[str, str] = {}
    labels = list(_LABEL.finditer(text))
    for match, following in zip(labels, [*labels[1:], None], strict=False):
        label = _SAME.get(match["label"].lower(), match["label"].lower().replace(" ", "_").replace("-", "_"))
        if label in fields:  # the next idea begins
            _put(found, fields)
            fields = {}
        span = text[match.end() : following.start() if following else len(text)]
        heading = _HEADING.search(span)
        span = span[: heading.start()] if heading else span
        fields[label] = _plain(match["rest"] + _paragraph(span)) if label != "why_here" else match["rest"] + span
    _put(found, fields)
    return found


def _paragraph(span: str) -> str:
    """What follows a label up to the first empty line."""
    return re.split(r"\n[ \t]*\n", span, maxsplit=1)[0]


def _put(found: dict[str, Idea], fields: dict[str, str]) -> None:
    """The idea of some fields, where they make one: a title or an id, and what happens."""
    title = (fields.get("title") or fields.get("id", "").replace("-", " "))[:_MOST_TITLE]
    summary = fields.get("summary") or fields.get("hypothesis") or ""
    name = identifier(fields.get("id") or title)[:40].strip("-")
    if not title or not summary or not name or len(found) >= _MOST_IDEAS:
        return
    why = list(dict.fromkeys(_OBJECT.findall(fields.get("why_here", ""))))
    idea = Idea(
        id=name,
        title=title,
        summary=summary[:_MOST_SUMMARY],
        category=fields.get("category", "")[:60],
        why_here=why[:20],
        hypothesis=fields.get("hypothesis", "")[:_MOST_SUMMARY],
    )
    found.setdefault(name, idea)


def _plain(text: str) -> str:
    return " ".join(text.replace("**", "").replace("`", "").split())


# numbers ------------------------------------------------------------------------------------------------------------------------------

_ITEM = pattern(
    r"^[ \t]*(?:#{1,4}[ \t]+)?(?:\*\*)?(?:(?:Scenario|Idea|Test|Experiment)[ \t]+)?(\d{1,2})[.):][ \t]+(\S[^\n]{3,300})$", re.MULTILINE
)


def _numbered(text: str) -> dict[str, Idea]:
    items = list(_ITEM.finditer(text))
    if [int(item[1]) for item in items[:3]] != list(range(1, min(3, len(items)) + 1)):
        return {}
    found: dict[str, Idea] = {}
    for item, following in zip(items[:_MOST_IDEAS], [*items[1:], None], strict=False):
        head, _, rest = item[2].replace("**", "").replace("`", "").partition(": ")
        body = text[item.end() : following.start() if following else item.end() + 2 * _MOST_SUMMARY]
        title = head.strip(" :*#")[:120]
        summary = " ".join(f"{rest} {body}".replace("**", "").split())[:_MOST_SUMMARY]
        name = identifier(title)[:40].strip("-")
        if name:
            found.setdefault(name, Idea(id=name, title=title, summary=summary or title))
    return found


_NAME = pattern(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def identifier(text: str) -> str:
    """A model's id as a name that a file and an object can bear: never a path. Empty where nothing of it can be kept."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    return name if _NAME.fullmatch(name) else ""
