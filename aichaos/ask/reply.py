"""The text of an answer in its pieces: YAML, command lines, prose; each with its line in the answer.

Text can be anything. It is cut in one pass, in time linear to its size; nothing here raises, and nothing is run. What had to be mended
before it could be read (tabs, typographic quotes, control characters) is a finding with its place.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from aichaos.ask import unquoted
from aichaos.ask.shell_lines import TELLING, in_prose, other
from aichaos.domain.finding import Finding, Layer, Severity
from aichaos.domain.patterns import pattern
from aichaos.errors import SyntaxProblem
from aichaos.files import yaml
from aichaos.files.plain import well_formed

MOST = 2_000_000
"""Characters of an answer that are looked at; one experiment is a few thousand."""

_FENCE = pattern(r"^[ \t]{0,8}(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$", re.MULTILINE)
_SHELL = frozenset({"bash", "sh", "shell", "console", "zsh", "shell-session", "terminal", "cmd", "powershell", "ksh"})
_COMMAND = pattern(r"^[ \t]*(?:\$[ \t]+|#[ \t]+(?=kubectl ))?(?P<line>(?:kubectl|oc|sleep)[ \t]+\S.*)$")
_HEREDOC = pattern(r"<<-?[ \t]*(?P<quote>[\"']?)(?P<tag>[A-Za-z_][A-Za-z0-9_]*)(?P=quote)")
_LOOKS_YAML = pattern(r"^(?:apiVersion|kind|ideas|metadata|spec)[ \t]*:", re.MULTILINE)

_QUOTES = {"“": '"', "”": '"', "„": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'"}
_SMART = pattern(f"[{''.join(_QUOTES)}]")
_STRANGE = pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
_ESCAPE = pattern("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\-_])")
_TABS = pattern(r"^[ ]*\t[ \t]*", re.MULTILINE)
PLACEHOLDER = pattern(
    r"<[A-Za-z][A-Za-z0-9_.\- ]{0,60}>|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\{\{[^{}\n]{0,80}\}\}"
    r"|\b(?:YOUR|REPLACE|INSERT|CHANGE)[_-](?:[A-Z0-9]+[_-]?)+|\b(?:REPLACE|CHANGE)ME\b|\b(?:your|my-own)-[a-z-]+-here\b"
)


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer. line: of its first line in the answer, from 1. verb: what a command does with this YAML (`apply`, …), or ""."""

    kind: Literal["yaml", "shell"]
    text: str
    line: int
    verb: str = ""
    name: str = ""
    """The file that it is said to be, or ""."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A YAML document of an answer, and the line where it begins. piece: the line of its fence; documents of one fence share it."""

    value: Any
    line: int
    piece: int = 0
    verb: str = ""
    name: str = ""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    line: int


def problem(
    rule: str,
    message: str,
    *,
    severity: Severity = "error",
    layer: Layer = "schema",
    line: int | None = None,
    column: int | None = None,
    path: str = "",
) -> Finding:
    return Finding(rule=rule, layer=layer, severity=severity, message=message, path=path, line=line, column=column)


def documents(text: str) -> list[Any]:
    """The values of all YAML (or JSON) documents in an answer that can be read."""
    return [one.value for one in contents(text)[0] if isinstance(one, Found)]


def contents(text: str) -> tuple[list[Found | Command], list[Finding]]:
    """Documents and commands in the order in which they stand, and what was wrong with the text around and in them."""
    found: list[Found | Command] = []
    findings: list[Finding] = []
    if len(text) > MOST:
        message = f"the answer has {len(text):,} characters; only the first {MOST:,} were read"
        findings.append(problem("reply/too-long", message, severity="warning"))
        text = text[:MOST]
    text = _mended(well_formed(text), findings)
    whole = _json(text)
    if whole is not None:
        return [Found(value=whole, line=1)], findings
    open_at = _left_open(text)
    if open_at is not None:
        said = "the answer ends inside of a block of code that it never closes: its end may be missing"
        findings.append(problem("reply/cut-off", said, severity="warning", line=text.count("\n", 0, open_at) + 1))
    for piece in pieces(text):
        if piece.kind == "yaml":
            found += _read(piece, findings)
        else:
            found += _commands(piece)
    return found, findings


def _json(text: str) -> Any:
    """The answer as JSON, where it is JSON as a whole."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None  # what is wrong with it is said by the reader of YAML


def _mended(text: str, findings: list[Finding]) -> str:
    """The text without what a terminal would obey and YAML does not take."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    strange = _STRANGE.search(text)
    if strange:
        line = text.count("\n", 0, strange.start()) + 1
        message = f"the answer holds control characters (U+{ord(strange[0]):04X}); they were taken out"
        severity: Severity = "info" if strange[0] in "\u200b\u200c\u200d\ufeff\u00ad\u2060" else "warning"
        findings.append(problem("reply/control-characters", message, severity=severity, layer="syntax", line=line))
        text = _STRANGE.sub("", _ESCAPE.sub("", text))
    return text.replace("\xa0", " ")


# cutting ----------------------------------------------------------------------------------------------------------------------------


def pieces(text: str) -> list[Piece]:
    """The fences of an answer, heredocs in them as YAML of their own; where it has no fence, what looks like YAML or a command in prose."""
    found: list[Piece] = []
    fences = list(_fences(text))
    if not fences:
        return list(_unfenced(text, 1))
    line, end = 1, 0
    for start, stop, body, info, after in fences:
        prose = text[end:start]
        found += _commands_in_prose(prose, line)
        line += prose.count("\n") + 1
        content = _dedented(text[body:stop], len(text[start:body]) - len(text[start:body].lstrip(" \t")))
        word = info.strip().partition(" ")[0].lower().strip("{.}")
        name = _file_name(info, prose)
        if word in _SHELL or (not word and _is_shell(content)) or (word not in ("yaml", "yml", "json") and _is_shell(content)):
            found += _shell(content, line)
        elif word in ("", "yaml", "yml", "json", "jsonc", "text", "txt", "k8s", "kubernetes", "manifest", "plaintext", "markdown", "md"):
            found.append(Piece(kind="yaml", text=content, line=line, name=name or _own_name(content)))
        line += text.count("\n", body, after)
        end = after
    found += _commands_in_prose(text[end:], line)
    return found


def _fences(text: str) -> Iterator[tuple[int, int, int, str, int]]:
    """Start of the fence, end of its content, start of its content, its info, and where the text goes on. A fence without end runs on."""
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(text):
        if opened is None:
            if not (match["mark"][0] == "`" and "`" in match["info"]):
                opened = match
        elif match["mark"][0] == opened["mark"][0] and len(match["mark"]) >= len(opened["mark"]) and not match["info"].strip():
            body = min(opened.end() + 1, len(text))
            yield opened.start(), max(body, match.start()), body, opened["info"], min(match.end() + 1, len(text))
            opened = None
        elif match["mark"][0] == opened["mark"][0] and match["info"].strip() and len(match["mark"]) == len(opened["mark"]):
            # a fence that was never closed, and the next one
            body = min(opened.end() + 1, len(text))
            yield opened.start(), max(body, match.start()), body, opened["info"], match.start()
            opened = match
    if opened is not None:
        body = min(opened.end() + 1, len(text))
        yield opened.start(), len(text), body, opened["info"], len(text)


def _left_open(text: str) -> int | None:
    """Where a fence begins that holds something and has no end; None where there is none."""
    fences = list(_fences(text))
    if not fences:
        return None
    start, stop, body, _, after = fences[-1]
    return start if stop == after == len(text) and text[body:].strip() else None


def _dedented(content: str, indent: int) -> str:
    """The content of a fence that stands in a list, without the list's indentation."""
    return re.sub(rf"^[ \t]{{1,{indent}}}", "", content, flags=re.MULTILINE) if indent else content


def _is_shell(content: str) -> bool:
    first = next((line.strip() for line in content.split("\n", 20) if line.strip() and not line.lstrip().startswith("#")), "")
    return first.startswith(("kubectl ", "$ ", "cat <<", "sleep ", "oc "))


_NAMED_FILE = pattern(r"([A-Za-z0-9][A-Za-z0-9_.-]*\.(?:ya?ml|json))\b")


def _file_name(info: str, prose: str) -> str:
    named = _NAMED_FILE.search(info) or _NAMED_FILE.search(prose[-200:].rstrip().rpartition("\n")[2])
    return named[1] if named else ""


def _own_name(content: str) -> str:
    first = content.lstrip()[:120].partition("\n")[0]
    named = _NAMED_FILE.search(first) if first.startswith("#") else None
    return named[1] if named else ""


def _unfenced(text: str, line: int) -> Iterator[Piece]:
    """An answer without fences: all of it is YAML if it looks so, and a heredoc or a command line is one wherever it stands."""
    if _HEREDOC.search(text) and "kubectl" in text:
        yield from _shell(text, line)
    elif _LOOKS_YAML.search(text) or text.lstrip()[:1] in ("{", "[", "-"):
        start = _LOOKS_YAML.search(text)
        lead = text[: start.start()] if start and text.lstrip()[:1] not in ("{", "[", "-") and "\n---" not in text[: start.start()] else ""
        yield from _commands_in_prose(lead, line)
        body = text[len(lead) :]
        last = list(_COMMAND_LINE.finditer(body))
        end = last[0].start() if last else len(body)
        yield Piece(kind="yaml", text=body[:end], line=line + lead.count("\n"))
        yield from _commands_in_prose(body[end:], line + lead.count("\n") + body.count("\n", 0, end))
    else:
        yield from _commands_in_prose(text, line)


_COMMAND_LINE = pattern(r"^(?:\$[ \t]+)?kubectl[ \t]+\S", re.MULTILINE)
_IN_PROSE = pattern(
    rf"^[ \t]*(?:[-*][ \t]+|\d+[.)][ \t]+)?(?:\$[ \t]+)?`?(?P<other>(?:{TELLING})[ \t][^`\n]+)`?[ \t]*$"
    rf"|`(?P<inline>(?:{TELLING})[ \t][^`\n]{{1,300}})`"
    r"|^[ \t]*(?:[-*][ \t]+|\d+[.)][ \t]+)?(?:\$[ \t]+)?`?"
    r"(?P<line>kubectl[ \t]+(?:apply|create|delete|replace|scale|label|patch|rollout|wait|annotate|exec|run|drain|cordon|taint|edit|set)\b"
    r"[^`\n]*)`?[ \t]*$",
    re.MULTILINE,
)


def _commands_in_prose(prose: str, line: int) -> Iterator[Piece]:
    counted = 0
    for match in _IN_PROSE.finditer(prose):
        group = next(name for name in ("line", "other", "inline") if match[name] is not None)
        line += prose.count("\n", counted, match.start(group))
        counted = match.start(group)
        if group == "line" or in_prose(match[group]):
            yield Piece(kind="shell", text=match[group].strip(), line=line)


def _shell(content: str, line: int) -> Iterator[Piece]:
    """Command lines, and the documents that heredocs hand to kubectl."""
    lines = content.split("\n")
    at, start = 0, 0
    while at < len(lines):
        heredoc = _HEREDOC.search(lines[at]) if "<<" in lines[at] else None
        if heredoc is None:
            at += 1
            continue
        if at > start:
            yield Piece(kind="shell", text="\n".join(lines[start:at]), line=line + start)
        end = at + 1
        while end < len(lines) and lines[end].strip() != heredoc["tag"]:
            end += 1
        head = lines[at][: heredoc.start()] + lines[at][heredoc.end() :]
        yield Piece(kind="yaml", text="\n".join(lines[at + 1 : end]), line=line + at + 1, verb=_verb_of(head))
        at = start = end + 1
    if start < len(lines) and any(one.strip() for one in lines[start:]):
        yield Piece(kind="shell", text="\n".join(lines[start:]), line=line + start)


_TO_KUBECTL = pattern(
    r"^[ \t]*(?:\$[ \t]+)?(?:cat[ \t]*\|[ \t]*)?kubectl[ \t]+(?P<verb>apply|create|delete|replace)"
    r"(?P<rest>(?:[ \t]+[A-Za-z0-9_./=-]+)*)[ \t]*$"
)


def _verb_of(head: str) -> str:
    """What the command before a heredoc does with it; "file" where it only writes a file; "?" where it is anything else."""
    match = _TO_KUBECTL.match(head)
    if match and re.search(r"(?:-f|--filename)[= ]?-(?: |$)", f"{match['rest']} "):
        dry = re.search(r"--dry-run(?:=(\w+))?", match["rest"])
        return "dry-run" if dry and dry[1] != "none" else match["verb"]
    return "file" if re.match(r"^[ \t]*(?:\$[ \t]+)?(?:cat|tee)[ \t]*>?[ \t]*[A-Za-z0-9_./-]*[ \t]*$", head) else "?"


# reading ----------------------------------------------------------------------------------------------------------------------------


def _read(piece: Piece, findings: list[Finding]) -> list[Found]:
    """The documents of a piece. What is not YAML after mending is said with its place; what stands before it is kept."""
    text = piece.text
    for sign, rule, said, mended in _MENDINGS:
        first = sign.search(text)
        if first is None:
            continue
        if rule == "reply/smart-quotes" and not _outside_of_text(text, first.start()):
            continue
        line = piece.line + text.count("\n", 0, first.start())
        column = first.start() - text.rfind("\n", 0, first.start())
        findings.append(problem(rule, said, severity="warning", layer="syntax", line=line, column=column))
        text = sign.sub(mended, text)
    if piece.verb == "?":
        said = "the answer feeds a document to something that is not kubectl alone; no step runs a shell, and the document is not used"
        findings.append(problem("reply/command", said, severity="warning", line=piece.line - 1))
        return []
    if piece.verb == "dry-run":
        return []
    findings += _placeholders(text, piece.line)
    found, wrong = _parsed(text, piece)
    if wrong is not None:
        mended, number = unquoted.quoted(text)
        again, still = _parsed(mended, piece) if number is not None else ([], wrong)
        if still is None and number is not None:
            said = "the answer has text with a colon or a quote in it that YAML takes only in quotes; it was read as text"
            findings.append(problem("reply/quotes", said, severity="info", layer="syntax", line=piece.line + number))
            found = again
        else:
            findings.append(wrong)
    for _, document in found:
        if document.duplicates:
            pointer, (line, column) = document.duplicates[0]
            said = f"the answer is not valid YAML: the key {pointer} is already set"
            findings.append(problem("reply/syntax", said, layer="syntax", line=piece.line + line - 1, column=column, path=pointer))
    return [one for one, _ in found]


def _parsed(text: str, piece: Piece) -> tuple[list[tuple[Found, yaml.Document]], Finding | None]:
    """The documents of a text up to the first place that is not YAML, and what is wrong there."""
    found = []
    try:
        for document in yaml.read(text, "answer"):
            line = piece.line + document.line - 1
            found.append((Found(value=document.value, line=line, piece=piece.line, verb=piece.verb, name=piece.name), document))
    except SyntaxProblem as error:
        line = piece.line + error.line - 1
        said = f"the answer is not valid YAML at line {line}, column {error.column}: {error.problem}"
        return found, problem("reply/syntax", said, layer="syntax", line=line, column=error.column)
    return found, None


def _outside_of_text(text: str, at: int) -> bool:
    """Whether a typographic quote stands where YAML expects one: first in a value, not inside a sentence."""
    start = text.rfind("\n", 0, at) + 1
    before = text[start:at].rstrip()
    return not before or before[-1] in ":-[{,("


_MENDINGS: tuple[tuple[re.Pattern[str], str, str, Any], ...] = (
    (
        _TABS,
        "reply/tabs",
        "the answer indents with tabs, which YAML does not take; they were read as two spaces each",
        lambda found: found[0].replace("\t", "  "),
    ),
    (
        _SMART,
        "reply/smart-quotes",
        "the answer has typographic quotes, which are letters to YAML; they were read as plain ones",
        lambda found: _QUOTES[found[0]],
    ),
)


def _placeholders(text: str, line: int) -> Iterator[Finding]:
    """What somebody was meant to fill in: each once, where it first stands."""
    seen: set[str] = set()
    number = 0
    for number, one in enumerate(text.split("\n")):
        if "<" not in one and "{" not in one and "_" not in one and "ME" not in one and "here" not in one:
            continue
        for match in PLACEHOLDER.finditer(one):
            if match[0] not in seen and len(seen) < 20 and "#" not in one[: match.start()]:
                seen.add(match[0])
                said = f"{match[0]} was never filled in: name an object of the cluster there"
                yield problem("reply/placeholder", said, line=line + number, column=match.start() + 1)


def _commands(piece: Piece) -> Iterator[Command]:
    """Command lines of a piece, lines that go on put together."""
    lines = piece.text.split("\n")
    at = 0
    while at < len(lines):
        match = _COMMAND.match(lines[at])
        start = at
        at += 1
        if match is None:
            text = lines[start].strip()
            if text and not text.startswith("#") and (_WRITES.search(text) or other(text)):
                yield Command(text=text[:500], line=piece.line + start)
            continue
        text = match["line"]
        while text.endswith("\\") and at < len(lines):
            text = text[:-1].rstrip() + " " + lines[at].strip()
            at += 1
        limit = at + 60
        while text.count("'") % 2 and at < min(len(lines), limit):
            text += "\n" + lines[at]
            at += 1
        yield Command(text=_SMART.sub(lambda found: _QUOTES[found[0]], text.strip()), line=piece.line + start)


_WRITES = pattern(r"\bkubectl\b[^\n#]{0,200}\b(?:apply|create|delete|replace|scale|label|patch|annotate|exec|run|drain|cordon|edit|set)\b")
"""In a line that does not begin with kubectl (a loop, a variable): something that would have changed the cluster."""
