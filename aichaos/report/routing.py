"""The answer to a request as text: what happens first, then why, then who would do otherwise."""

from aichaos.domain.prediction import Answer, BackendShare, Brief, Changes, RequestLine
from aichaos.errors import UsageError
from aichaos.report.layout import Paper, Part, Style

_OUTCOMES: dict[str, Style] = {"forward": "green", "redirect": "blue", "error": "red", "implementation-specific": "yellow"}
_SAME = "the same"


def answer(line: RequestLine, found: Answer, paper: Paper) -> None:
    paper.line((headline(found), _OUTCOMES[found.outcome]))
    paper.facts(_facts(line, found), indent=2)
    if found.why:
        paper.line()
        paper.line(("Why", "bold"))
        for reason in found.why:
            paper.text(reason, indent=2, mark="• ")
    others = {name: brief for name, brief in found.implementations.items() if name != found.implementation}
    said = {name: _said(name, brief, found) for name, brief in others.items()}
    if any(words != _SAME for words in said.values()):
        paper.line()
        paper.line(("Elsewhere", "bold"))
        rows: list[list[Part]] = [[(name, "cyan"), (words, "")] for name, words in said.items()]
        paper.columns(rows, indent=2)
    elif others:
        paper.line()
        paper.text(f"{', '.join(others)} would do the same.", style="dim")


def brief(number: int, found: Answer | UsageError, paper: Paper) -> None:
    """One request of many, on one line."""
    if isinstance(found, UsageError):
        paper.line(f"{number}  ", (f"error: {found}", "red"))
        return
    by = f"  {found.route} rules[{found.rule}]" if found.route is not None else ""
    paper.line(f"{number}  ", (headline(found), _OUTCOMES[found.outcome]), by)


def headline(found: Answer) -> str:
    """What happens, in one line."""
    match found.outcome:
        case "forward" if found.status is not None:
            return f"{found.status}, answered by the gateway itself"
        case "forward":
            return f"goes to {_backends(found.backends)}"
        case "redirect":
            return f"{found.status}, redirected to {found.location}"
        case "error":
            return "refused: no answer" if found.status is None else f"{found.status}, answered by the gateway itself"
    return "depends on the implementation" if found.implementation == "standard" else "may go one way or the other"


def _said(name: str, brief: Brief, found: Answer) -> str:
    its = Answer(outcome=brief.outcome, status=brief.status, location=brief.location, backends=brief.backends, implementation=name)
    if brief.outcome == "implementation-specific":
        return headline(its)  # two that go one way or the other need not go the same way
    return _SAME if brief == found.brief or headline(its) == headline(found) else headline(its)


def _backends(backends: tuple[BackendShare, ...]) -> str:
    if len(backends) == 1:
        return _name(backends[0])
    return ", ".join(f"{f'{one.status} for ' if one.status is not None else ''}{_name(one)} {_share(one.share)}" for one in backends)


def _name(one: BackendShare) -> str:
    name = one.service or "an invalid reference"
    return f"{name}:{one.port}" if one.port is not None else name


def _share(share: float) -> str:
    return f"{100 * share:.3g} %"


def _at(found: Answer) -> str:
    """The match as a path into the route's manifest."""
    match = f".matches[{found.match}]" if found.match is not None else ""
    return f"{found.route}, spec.rules[{found.rule}]{match}"


def _changes(headers: Changes) -> list[str]:
    """The headers of the answer, a line each."""
    given = [f"{name}: {value}" for name, value in headers.set] + [f"{name}: {value} (added)" for name, value in headers.add]
    return [*given, *(f"without {name}" for name in headers.remove)]


def _facts(line: RequestLine, found: Answer) -> list[tuple[str, str]]:
    rows = []
    if found.listener is not None:
        rows.append(("listener", found.listener))
    if found.route is not None:
        rows.append(("route", _at(found)))
    for one in found.backends:
        answered = f"answered with {one.status}" if one.status is not None else f"{one.ready_endpoints} ready"
        rows.append(("backend", f"{_share(one.share)} {_name(one)}, {answered}"))
    if found.received is not None:
        rows.append(("received", f"{line.method} {found.received.path}, Host {found.received.host}"))
        given = dict.fromkeys(line.headers)
        rows += [("", f"{name}: {value}") for name, value in found.received.headers if (name, value) not in given]
        left = {name.lower() for name, _ in found.received.headers}
        rows += [("", f"without {name}") for name, _ in given if name.lower() not in left and name.lower() != "host"]
        rows += [("" if number else "added", f"{name}: {value}") for number, (name, value) in enumerate(found.added or ())]
    for copy in found.mirrors or ():
        name = f"{copy.service}:{copy.port}" if copy.port is not None else copy.service
        rows.append(("mirrored", f"{_share(copy.share)} {name}, whose answer nobody sees"))
    if found.response_headers:
        rows += [("" if number else "answer", said) for number, said in enumerate(_changes(found.response_headers))]
    rows.append(("routed by", "the standard" if found.implementation == "standard" else found.implementation))
    return rows
