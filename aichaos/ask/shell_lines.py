"""Lines of an answer for other programs than kubectl: none of them is ever run, and none goes unsaid.

A line is told by its program, from a closed list, so that what a program printed is not taken for a line.
"""

import re

import msgspec

from aichaos.domain.patterns import pattern

_LOOK = {
    "echo": "prints",
    "printf": "prints",
    "export": "sets a variable",
    "cd": "changes the folder",
    "ls": "looks",
    "cat": "looks",
    "date": "looks",
    "watch": "looks",
    "grep": "looks",
    "head": "looks",
    "tail": "looks",
    "jq": "looks",
    "yq": "looks",
    "wc": "looks",
    "sort": "looks",
    "dig": "looks",
    "nslookup": "looks",
    "host": "looks",
    "ping": "looks",
    "stern": "looks",
    "k9s": "looks",
    "curl": "sends requests; a probe of the steady state does so in an experiment",
    "wget": "sends requests; a probe of the steady state does so in an experiment",
    **dict.fromkeys(
        ["hey", "ab", "wrk", "k6", "fortio", "vegeta", "siege", "ghz", "locust", "oha"],
        "sends requests; a probe of the steady state does so in an experiment",
    ),
}
"""Programs that change nothing in a cluster, and what they do."""
_CHANGE = frozenset(
    {
        *("helm", "helmfile", "istioctl", "chmod", "chown", "sudo", "docker", "podman", "nerdctl", "crictl", "ctr", "bash", "sh", "zsh"),
        *(
            "python",
            "python3",
            "perl",
            "ruby",
            "node",
            "npm",
            "npx",
            "pip",
            "pip3",
            "go",
            "make",
            "terraform",
            "ansible",
            "ansible-playbook",
        ),
        *("aws", "gcloud", "az", "eksctl", "kind", "k3d", "minikube", "kubeadm", "kubectx", "kubens", "kustomize", "skaffold", "flux"),
        *("argocd", "argo", "velero", "etcdctl", "rm", "mv", "cp", "ln", "mkdir", "touch", "tee", "sed", "awk", "dd", "kill", "pkill"),
        *("killall", "iptables", "ip6tables", "nft", "tc", "ip", "ifconfig", "systemctl", "service", "ssh", "scp", "rsync", "nc", "ncat"),
        *("nmap", "tcpdump", "stress", "stress-ng", "litmusctl", "chaosctl", "chaosd", "chaos", "linkerd", "cilium", "calicoctl", "egctl"),
        *("apt", "apt-get", "yum", "dnf", "apk", "brew", "snap", "git", "openssl", "xargs", "source", "eval", "exec", "nohup", "crontab"),
        *("psql", "mysql", "redis-cli", "mongo", "mongosh", "telepresence", "toxiproxy-cli", "pumba", "blade", "gremlin", "steadybit"),
        *("nsenter", "unshare", "mount", "umount", "reboot", "shutdown", "virtctl", "cmctl", "gh", "wrangler", "vault", "consul"),
    }
)
"""Programs that can change something, in a cluster or on a machine."""
_READING = {
    "helm": frozenset({"list", "ls", "status", "get", "history", "template", "search", "show", "version", "lint"}),
    "istioctl": frozenset({"analyze", "proxy-config", "pc", "proxy-status", "ps", "version", "describe", "validate"}),
    "git": frozenset({"status", "log", "diff", "show"}),
    "docker": frozenset({"ps", "images", "logs", "inspect"}),
    "linkerd": frozenset({"check", "stat", "top", "viz", "version"}),
    "cilium": frozenset({"status", "version"}),
    "argocd": frozenset({"version"}),
}
"""Commands of theirs that only look."""
_FIRST = pattern(
    r"^(?:\$[ \t]+|[({!][ \t]*|(?:if|while|until|then|do|else|time|env)[ \t]+|[A-Za-z_][A-Za-z0-9_]*=[^\s;|&(]*[ \t]+)*"
    r"(?P<program>(?:\./|/|~/)[A-Za-z0-9_./-]+|[a-z][a-z0-9_-]{0,30})(?P<rest>(?:[ \t].*)?)$",
    re.DOTALL,
)
_PARTS = pattern(r"\|\|?|&&|;")
_TO_A_SHELL = pattern(r"\|[ \t]*(?:sudo[ \t]+)?(?:(?:ba|z|k|da)?sh|python3?|perl|tee|xargs)\b|[ \t][12&]?>>?[ \t]*(?!/dev/null)[^\s&]")
_QUOTED = pattern(r"\"[^\"]*\"|'[^']*'|<[A-Za-z][A-Za-z0-9_. -]{0,60}>")
_SENDS = pattern(
    r"[ \t](?:-X[ \t]*|--request[ =])[\"']?(?!GET\b|HEAD\b)[A-Za-z]|[ \t](?:-d|-F|-T|-o|-O|--data[a-z-]*|--form|--upload-file|--output)\b"
)
_LOOP = pattern(r"(?:\$[ \t]+)?(?:for|while|until|if)[ \t]")
_ASSIGNED = pattern(r"^[A-Za-z_][A-Za-z0-9_]*=\S")


TELLING = (
    "helm|helmfile|istioctl|chmod|chown|sudo|docker|podman|curl|wget|bash|sh|ssh|scp|iptables|tc|rm|kustomize|linkerd|cilium|chaosd|litmusctl"
    "|blade|pumba|gcloud|aws|az|eksctl|nsenter|stress-ng|ansible|ansible-playbook|terraform|pip|npm|git|argocd|flux|minikube|kind|make"
)
"""Programs whose names begin a command in prose, too, where it looks like one."""
_LOOKS_LIKE_ONE = pattern(
    r"[ \t](?:-{1,2}[A-Za-z]|[^\s]*[/|>]|install\b|upgrade\b|uninstall\b|apply\b|delete\b|create\b|run\b|exec\b|rollback\b|[0-7]{3,4}[ ])"
)


def in_prose(text: str) -> bool:
    """Whether a text that begins with one of `TELLING` is a command that could change something."""
    found = other(text)
    return bool(_LOOKS_LIKE_ONE.search(text)) and found is not None and not found.looks


class Other(msgspec.Struct, frozen=True):
    """A line for another program. looks: whether it changes nothing. why: what to say of it."""

    looks: bool
    why: str


def other(line: str) -> Other | None:
    """What a line is that is not kubectl's own; None for what is no line of a shell (prose, output, the end of a loop)."""
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    if _ASSIGNED.match(text) and " " not in _outside_of_brackets(text):
        return Other("kubectl" not in text or not _WRITING.search(text), "it sets a variable, and no step has one")
    if _LOOP.match(text):
        return next((found for part in _PARTS.split(text)[1:] if (found := other(part))), None)
    match = _FIRST.match(text)
    if match is None:
        return None
    program, rest = match["program"], match["rest"]
    if not (program in _LOOK or program in _CHANGE or program[0] in "./~") or (rest and not rest.strip()):
        return None
    if not rest.strip() and program not in ("reboot", "shutdown", "make") and program[0] not in "./~":
        return None
    text = _QUOTED.sub("x", text)
    looks = not _TO_A_SHELL.search(text) and not any(_changes(part) for part in _PARTS.split(text))
    if looks:
        return Other(True, f"{program} {_LOOK.get(program, 'looks')}")
    name = next((changing for part in _PARTS.split(text) if (changing := _changes(part))), program)
    return Other(False, f"{name} is another program, and no step runs one: say by hand what it needs, or a step that does the same")


_WRITING = pattern(r"\b(?:apply|create|delete|replace|scale|label|patch|annotate|exec|run|edit|set)\b")


def _outside_of_brackets(text: str) -> str:
    return re.sub(r"\$\([^()]*\)|\"[^\"]*\"|'[^']*'|`[^`]*`", "", text)


def _changes(part: str) -> str:
    """The program of a part of a line that could change something; "" where it can't."""
    match = _FIRST.match(part.strip())
    if match is None:
        return ""
    program, rest = match["program"], match["rest"]
    if program in _READING and rest.split()[:1] and rest.split()[0] in _READING[program]:
        return ""
    if program in ("curl", "wget"):
        return program if _SENDS.search(rest) else ""
    return program if program in _CHANGE or program[0] in "./~" else ""
