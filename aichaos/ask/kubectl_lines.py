"""A kubectl line of an answer becomes typed steps, argument by argument, or a finding: never a command that is run.

The verbs and their flags are a closed set. What is not in the table is said and left out: an unknown flag can turn a harmless line into
another one.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.ask.reply import PLACEHOLDER, Command, problem
from aichaos.ask.shell_lines import other
from aichaos.domain.experiment import seconds
from aichaos.domain.finding import Finding, Severity
from aichaos.domain.kinds import KINDS
from aichaos.domain.patterns import pattern
from aichaos.files.plain import mapping

StepBody = dict[str, Any]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a line means. steps: as they stand in an experiment. files: verb and name of manifests that it names. finding: why not."""

    steps: list[StepBody] = []
    files: list[tuple[str, str]] = []
    namespace: str = ""
    backup: tuple[str, dict[str, Any]] | None = None
    """A file in which an object is saved, and the object."""
    finding: Finding | None = None


_READING = frozenset(
    [
        "get",
        "describe",
        "logs",
        "top",
        "explain",
        "version",
        "api-resources",
        "api-versions",
        "cluster-info",
        "events",
        "diff",
        "auth",
        "completion",
        "options",
        "help",
    ]
)
"""Verbs that change nothing: they are no steps, and no news."""
_NEVER = {
    "exec": "runs a program in a container",
    "run": "starts a container from the command line",
    "cp": "copies files into a container",
    "attach": "attaches to a container",
    "debug": "starts a container beside another",
    "port-forward": "opens a connection and changes nothing that could be undone",
    "proxy": "opens a connection and changes nothing that could be undone",
    "edit": "opens an editor",
    "annotate": "sets annotations; a step that does so is `patch`",
    "set": "changes a part of an object; a step that does so is `patch`",
    "expose": "makes a Service; give its manifest",
    "autoscale": "makes an autoscaler; give its manifest",
    "drain": "empties a node",
    "cordon": "closes a node",
    "uncordon": "opens a node",
    "taint": "taints a node",
    "config": "changes the kubeconfig",
    "certificate": "signs certificates",
    "plugin": "runs another program",
    "kustomize": "reads a folder that the answer does not hold",
}
_ELSEWHERE = (
    "--context",
    "--kubeconfig",
    "--server",
    "-s",
    "--token",
    "--user",
    "--cluster",
    "--as",
    "--as-group",
    "--username",
    "--password",
)
_VALUED: dict[str, frozenset[str]] = {
    "apply": frozenset({"-f", "--filename", "--field-manager", "--timeout"}),
    "create": frozenset({"-f", "--filename", "--field-manager"}),
    "replace": frozenset({"-f", "--filename", "--grace-period", "--timeout"}),
    "delete": frozenset({"-f", "--filename", "--timeout", "--cascade", "--grace-period"}),
    "scale": frozenset({"--replicas", "--timeout", "--current-replicas"}),
    "label": frozenset(),
    "patch": frozenset({"-p", "--patch", "--type"}),
    "rollout": frozenset({"--timeout"}),
    "wait": frozenset({"--for", "--timeout"}),
}
_BARE: dict[str, frozenset[str]] = {
    "apply": frozenset({"--server-side", "--wait"}),
    "create": frozenset({"--save-config"}),
    "replace": frozenset({"--force", "--wait", "--save-config"}),
    "delete": frozenset({"--ignore-not-found", "--wait", "--now"}),
    "scale": frozenset(),
    "label": frozenset({"--overwrite"}),
    "patch": frozenset(),
    "rollout": frozenset({"--watch", "-w"}),
    "wait": frozenset(),
}
_SHORT = {"po": "Pod", "deploy": "Deployment", "svc": "Service", "ns": "Namespace", "netpol": "NetworkPolicy", "sts": "StatefulSet"}
_SHORT |= {"ds": "DaemonSet", "sa": "ServiceAccount", "cm": "ConfigMap", "hpa": "HorizontalPodAutoscaler", "pdb": "PodDisruptionBudget"}
_SHORT |= {"gtw": "Gateway", "gc": "GatewayClass", "vs": "VirtualService", "dr": "DestinationRule", "job": "Job", "jobs": "Job"}
_SHORT |= {"chaosengine": "ChaosEngine", "chaosengines": "ChaosEngine", "chaosresult": "ChaosResult", "schedule": "Schedule"}
_KINDS = {kind.name.lower(): kind.name for kind in KINDS} | {kind.plural: kind.name for kind in KINDS} | _SHORT
_KINDS |= {
    form: f"{name}Chaos"
    for name in ("Network", "Pod", "HTTP", "DNS", "Stress", "IO", "Time", "Kernel", "JVM", "Block")
    for form in (f"{name.lower()}chaos", f"{name.lower()}chaoses")
}

_SHELL = pattern(r"[|;&<>`]|\$\(|\$\{|\$[A-Za-z_]")
_NAME = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")


class _Refused(Exception):
    """A line, or a part of it, that is no step; why."""


class _Looks(_Refused):
    """A line that only looks: to know, and nothing to worry about."""


_PEEKS = pattern(r"[ \t]--[ \t]+(?:curl|wget|ping|nslookup|dig|env|ls|cat|hostname|date)\b")
_SENDS = pattern(
    r"[ \t](?:-X[ \t]*|--request[ =])[\"']?(?!GET\b|HEAD\b)[A-Za-z]|[ \t](?:-d|-F|-T|--data[a-z-]*|--form|--upload-file|--post-[a-z]+)\b"
)
_FILTERS = frozenset({"grep", "egrep", "head", "tail", "wc", "jq", "yq", "sort", "uniq", "cut", "tr", "cat", "column"})
_TO_NOWHERE = pattern(r"[ \t]*(?:2>&1|[12&]?>[ \t]*/dev/null)")


def _only_looks(text: str) -> bool:
    """Whether a `kubectl exec` asks from inside a pod and changes nothing; what it says may go through filters."""
    first, *filters = _TO_NOWHERE.sub("", re.sub(r"'[^']*'|\"[^\"$`]*\"", "''", text)).split("|")
    if _SHELL.search(first) or any(_SHELL.search(one) or one.split()[:1] == [] or one.split()[0] not in _FILTERS for one in filters):
        return False
    return _PEEKS.search(first) is not None and not _SENDS.search(text)


def read(command: Command, default: str) -> Line:
    """One line. `default`: the namespace of a line that names none."""
    try:
        return _line(command.text, default)
    except _Refused as reason:
        severity: Severity = "info" if isinstance(reason, _Looks) else "warning"
        shown = " ".join(command.text.split())[:120]
        said = f"`{shown}` is no step: {reason}"
        return Line(finding=problem("reply/command", said, severity=severity, line=command.line))


def _line(text: str, default: str) -> Line:
    another = None if _OURS.match(text) else other(text)
    if another is not None:
        raise (_Looks if another.looks else _Refused)(another.why)
    left = PLACEHOLDER.search(text)
    if left:
        raise _Refused(f"{left[0][:40]} was never filled in")
    looks = _LOOKS.match(text)
    if looks and not _MORE.search(text, looks.end()):
        return _backup(text)  # a pipe or a redirection after it changes nothing in the cluster
    if _EXEC.match(text) and _only_looks(text):
        raise _Looks("kubectl exec looks from inside a pod; a probe of the steady state does so in an experiment")
    words = _words(text)
    if words[0] == "sleep":
        return _sleep(words)
    if words[0] not in ("kubectl", "oc"):
        raise _Refused("it is more than one kubectl command, and no step runs a shell")
    verb, flags, rest, too_far = _taken_apart(words[1:])
    if verb in _READING or (verb == "rollout" and rest[:1] in (["status"], ["history"])):
        return Line()
    if too_far:
        raise _Refused(too_far)
    if verb in _NEVER:
        raise _Refused(f"kubectl {verb} {_NEVER[verb]}")
    if verb not in _VALUED:
        raise _Refused(f"kubectl {verb[:40]} is none of {', '.join(_VALUED)}")
    dry = flags.pop("--dry-run", None)
    if dry in ("client", "server"):
        return Line()
    if dry not in (None, "none"):
        raise _Refused(f"--dry-run={dry[:20]} is neither client, server nor none")
    namespace = flags.pop("-n", "") or flags.pop("--namespace", "")
    if namespace and not _NAME.fullmatch(namespace):
        raise _Refused("its namespace is no name")
    for flag in flags:
        if flag not in _VALUED[verb] and flag not in _BARE[verb]:
            raise _Refused(f"the flag {flag[:40]} is not among those that we know for kubectl {verb}")
    found: Line = _VERBS[verb](rest, flags, namespace or default)
    return msgspec.structs.replace(found, namespace=namespace)


_OURS = pattern(r"(?:kubectl|oc|sleep)\b")
_EXEC = pattern(r"(?:kubectl|oc)[ \t]+(?:(?:-n|--namespace)[= ]?[\w.-]+[ \t]+)?exec\b")
_LOOKS = pattern(rf"(?:kubectl|oc)[ \t]+(?:(?:-n|--namespace)[= ]?[\w.-]+[ \t]+)?(?:{'|'.join(sorted(_READING))})\b")
_MORE = pattern(r"[;`&<]|\$\(|\b(?:kubectl|oc|xargs|sh|bash|tee)\b|\|\|")
"""In the rest of a line that only looks: what could do more than look."""
_SAVES = pattern(r"^(?P<get>[^|>]*?)[ \t]*>[ \t]*(?P<file>[A-Za-z0-9_./-]+\.(?:ya?ml|json))[ \t]*$")


def _backup(text: str) -> Line:
    """`kubectl get httproute web -o yaml > web.yaml`: the file by whose name a later line means the object as it was."""
    saves = _SAVES.match(text)
    if saves is None:
        return Line()
    try:
        _, flags, rest, _ = _taken_apart(shlex.split(saves["get"])[1:])
        (target,) = _targets(rest, flags.get("-n") or flags.get("--namespace") or "")
    except (_Refused, ValueError):
        return Line()
    return Line(backup=(saves["file"].rpartition("/")[2], target))


def _words(text: str) -> list[str]:
    """The words of a command as a shell would cut them; anything that a shell would do beyond that is refused."""
    unquoted = re.sub(r"'[^']*'", "''", text)
    if _SHELL.search(re.sub(r'"(?:[^"\\$`]|\\.)*"', '""', unquoted)):
        raise _Refused("it needs a shell (a pipe, a second command, a redirection, a variable), and no step runs one")
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        raise _Refused("its quotes do not match") from None
    if not words:
        raise _Refused("it is empty")
    return words


def _taken_apart(words: list[str]) -> tuple[str, dict[str, str], list[str], str]:
    """Verb, flags with their values, and the rest; then why a change could not be meant: another cluster, more than one named object."""
    flags: dict[str, str] = {}
    rest: list[str] = []
    verb = too_far = ""
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("-") or word == "-":
            if verb:
                rest.append(word)
            else:
                verb = word
            continue
        name, equals, value = word.partition("=")
        if name in _ELSEWHERE:
            too_far = f"{name} leads to another cluster or another user"
        if name in (
            "--all",
            "-A",
            "--all-namespaces",
            "-l",
            "--selector",
            "--field-selector",
            "-R",
            "--recursive",
            "--prune",
            "-k",
            "--kustomize",
        ):
            too_far = f"{name} hits more than one named object"
        if not equals and len(name) > 2 and name[1] != "-" and name[:2] in ("-n", "-f", "-p"):
            name, equals, value = name[:2], "=", name[2:]
        takes = name in ("-n", "--namespace", "-o", "--output", "--dry-run") or any(name in valued for valued in _VALUED.values())
        if not equals and takes and name != "--dry-run" and name != "--cascade":
            if position >= len(words):
                too_far = f"{name} has no value"
                break
            value = words[position]
            position += 1
        if name in ("-o", "--output"):
            continue
        if name in flags and name in ("-f", "--filename"):
            value = f"{flags[name]},{value}"
        flags[name] = value
    return verb or "help", flags, rest, too_far


def _sleep(words: list[str]) -> Line:
    """`sleep 30`, `sleep 2m`: a pause."""
    text = words[1] if len(words) == 2 else ""
    time = seconds(text if text[-1:].isalpha() else f"{text}s")
    if time is None or not 0 < time <= 86_400:
        raise _Refused("sleep takes one time")
    return Line(steps=[{"wait": {"for": f"{time:g}s"}}])


def _files(flags: dict[str, str]) -> list[str]:
    names = ",".join(flags[flag] for flag in ("-f", "--filename") if flag in flags)
    return [name for name in names.split(",") if name]


def _with_files(verb: str) -> Any:
    def read(rest: list[str], flags: dict[str, str], namespace: str) -> Line:
        names = _files(flags)
        if rest and verb != "delete":
            raise _Refused(f"kubectl {verb} {rest[0][:30]} makes an object from the command line; give its manifest")
        if any(name.startswith(("http:", "https:")) for name in names):
            raise _Refused("it takes a manifest from the network, which nobody has checked")
        if not names and verb != "delete":
            raise _Refused("it names no file")
        return Line(files=[("replace --force" if verb == "replace" and "--force" in flags else verb, name) for name in names])

    return read


def _delete(rest: list[str], flags: dict[str, str], namespace: str) -> Line:
    if _files(flags):
        return Line(files=[("delete", name) for name in _files(flags)])
    if flags.get("--grace-period") == "0":
        raise _Refused("--grace-period=0 leaves no time to end, and a step has no such option")
    return Line(steps=[{"delete": target} for target in _targets(rest, namespace)])


def _scale(rest: list[str], flags: dict[str, str], namespace: str) -> Line:
    replicas = flags.get("--replicas", "")
    if not replicas.isdigit() or len(replicas) > 6:
        raise _Refused("--replicas is no number")
    return Line(steps=[{"scale": target | {"replicas": int(replicas)}} for target in _targets(rest, namespace)])


def _label(rest: list[str], flags: dict[str, str], namespace: str) -> Line:
    changes = [word for word in rest if "=" in word or word.endswith("-")]
    targets = _targets([word for word in rest if word not in changes], namespace)
    if not changes:
        raise _Refused("it sets no label")
    put = dict(word.split("=", 1) for word in changes if "=" in word)
    gone = [word[:-1] for word in changes if "=" not in word]
    return Line(steps=[{"label": target | ({"set": put} if put else {}) | ({"remove": gone} if gone else {})} for target in targets])


def _patch(rest: list[str], flags: dict[str, str], namespace: str) -> Line:
    text = flags.get("-p") or flags.get("--patch") or ""
    kind = flags.get("--type", "strategic")
    try:
        merge = msgspec.json.decode(text) if text.lstrip()[:1] == "{" else None
    except (msgspec.DecodeError, RecursionError):
        merge = None
    if not isinstance(merge, dict):
        raise _Refused("its patch is no JSON object (a JSON patch is a list, and no step takes one)")
    if kind not in ("merge", "strategic") or (kind == "strategic" and _has_list(merge)):
        raise _Refused(
            f"a patch of type {kind[:20]} with lists in it means something else than a merge patch: give --type=merge with the whole list"
        )
    return Line(steps=[{"patch": target | {"merge": merge}} for target in _targets(rest, namespace)])


def _has_list(value: Any) -> bool:
    return isinstance(value, list) or any(_has_list(inner) for inner in mapping(value).values())


def _rollout(rest: list[str], flags: dict[str, str], namespace: str) -> Line:
    if rest[:1] != ["restart"]:
        raise _Refused(f"kubectl rollout {' '.join(rest[:1])[:20]} is no step; the verb for it is restart, or a patch of the workload")
    return Line(steps=[{"restart": target} for target in _targets(rest[1:], namespace)])


def _wait(rest: list[str], flags: dict[str, str], namespace: str) -> Line:
    condition = re.fullmatch(r"condition=([A-Za-z]+)(?:=[Tt]rue)?", flags.get("--for", ""))
    if condition is None:
        raise _Refused("a step can wait for a condition of one object to be true, and for nothing else")
    timeout = flags.get("--timeout", "30s")
    found = []
    for target in _targets(rest, namespace):
        place = "/".join(filter(None, (target["kind"], target.get("namespace"), target["name"])))
        found.append({"wait": {"until": {"object": place, "condition": condition[1]}, "timeout": timeout}})
    return Line(steps=found)


_VERBS: dict[str, Any] = {
    "apply": _with_files("apply"),
    "create": _with_files("create"),
    "replace": _with_files("replace"),
    "delete": _delete,
    "scale": _scale,
    "label": _label,
    "patch": _patch,
    "rollout": _rollout,
    "wait": _wait,
}
assert _VERBS.keys() == _VALUED.keys() == _BARE.keys()


def _targets(words: list[str], namespace: str) -> list[dict[str, Any]]:
    """`KIND NAME…`, `KIND/NAME…`: the objects that are named."""
    found = list(_pairs(words))
    if not found:
        raise _Refused("it names no object")
    if len(found) > 20:
        raise _Refused("it names more than 20 objects")
    return [{"kind": kind, "name": name} | ({} if kind in _CLUSTER else {"namespace": namespace}) for kind, name in found]


_CLUSTER = frozenset(kind.name for kind in KINDS if not kind.namespaced)


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    kind = ""
    for position, word in enumerate(words):
        named, slash, name = word.partition("/")
        if slash:
            yield _kind(named), _checked(name)
        elif position == 0:
            kind = _kind(word)
        elif not kind:
            raise _Refused(f"{word[:30]} has no kind before it")
        else:
            yield kind, _checked(word)


def _kind(word: str) -> str:
    known = _KINDS.get(word.partition(".")[0].lower())
    if known is None:
        raise _Refused(f"{word[:40]!r} is no kind that we know")
    return known


def kind_called(word: str) -> str:
    """The kind that a word names in whatever form kubectl takes; the word itself where it names none that we know."""
    return _KINDS.get(word.partition(".")[0].lower(), word)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise _Refused(f"{name[:40]!r} is no name of an object")
    return name
