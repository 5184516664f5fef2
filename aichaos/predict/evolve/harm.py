"""What a fault of a chaos engine does to traffic, read off its manifest: added latency, cut connections, broken requests; between whom.

Sources: Chaos Mesh 2.8, `api/v1alpha1` of NetworkChaos and HTTPChaos and the network rules that its daemon sets (a delay or a loss acts on
what its source sends: with `direction: to` that is the selected pods, towards `target` alone where there is one); Litmus, the environment
variables of chaos-charts 3.x.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from aichaos.domain.experiment import seconds
from aichaos.files.plain import at, mapping, sequence, text, texts
from aichaos.observe.faults import Fault, LitmusFault

Direction = Literal["to", "from", "both"]

KILLS = frozenset({"pod-kill", "container-kill", "pod-delete"})
FAILS = frozenset({"pod-failure"})
_CUTS = frozenset({"partition", "pod-network-partition"})
_DOES = {
    "corrupt": "garbles packets",
    "duplicate": "sends packets twice",
    "partition": "is cut off from the network",
    "bandwidth": "sends no faster than {rate}",
    "StressChaos": "competes for CPU or memory",
    "DNSChaos": "gets wrong answers, or none, from DNS",
    "IOChaos": "has slow or failing disks",
    "TimeChaos": "has another time",
    "HTTPChaos": "answers some requests late, wrongly or not at all",
    "pod-network-corruption": "garbles packets",
    "pod-network-duplication": "sends packets twice",
    "pod-network-partition": "is cut off from the network",
    "pod-network-rate-limit": "sends no faster than {rate}",
    "pod-cpu-hog": "competes for CPU",
    "pod-memory-hog": "competes for memory",
    "pod-io-stress": "has slow disks",
    "pod-dns-error": "gets no answers from DNS",
    "pod-dns-spoof": "gets wrong answers from DNS",
    "pod-http-modify-body": "answers with another body",
    "pod-http-modify-header": "answers with other headers",
}


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """The requests that a fault of HTTP takes, of those that reach a pod. port: the pod's, None for any. path: with `*`. share: 0..1."""

    port: int | None = None
    method: str = ""
    path: str = ""
    share: float = 1.0

    def takes(self, method: str, path: str, port: int) -> bool:
        return self.port in (None, port) and self.method in ("", method) and (not self.path or _glob(self.path, path.partition("?")[0]))


class Harm(msgspec.Struct, frozen=True, kw_only=True):
    """does: in words. latency: milliseconds from and to, added to what one side sends. cuts: nothing gets through. breaks: the connection
    of a request is closed before it is answered. direction: whose packets, see above. requests: for faults of HTTP, the ones that are hit.
    """

    does: str
    latency: tuple[float, float] | None = None
    cuts: bool = False
    breaks: bool = False
    direction: Direction = "to"
    requests: Requests | None = None


def of_chaos_mesh(fault: Fault, action: str) -> Harm:
    direction: Direction = {"from": "from", "both": "both"}.get(text(fault.spec.get("direction")), "to")  # type: ignore[assignment]
    if fault.kind == "HTTPChaos":
        return _http(fault.spec)
    if action in _CUTS:
        return Harm(does=_DOES["partition"], cuts=True, direction=direction)
    delay = fault.spec.get("delay")
    shaped = mapping(delay)
    latency = (seconds(text(shaped.get("latency"))) or 0.0) * 1000
    jitter = (seconds(text(shaped.get("jitter"))) or 0.0) * 1000
    loss = text(at(fault.spec, "loss", "loss"))
    if action in ("loss", "netem") and loss:
        return _losing(loss, direction, latency, jitter)
    if latency:
        return _late(latency, jitter, direction)
    return _other(action, fault.kind, text(at(fault.spec, "bandwidth", "rate")), direction)


def of_litmus(fault: LitmusFault) -> Harm:
    environment, name = fault.environment, fault.name
    if name.startswith("pod-http-"):
        return _litmus_http(environment, name)
    latency, jitter = _number(environment.get("NETWORK_LATENCY")) or 0.0, _number(environment.get("JITTER")) or 0.0
    if name == "pod-network-latency":
        return _late(latency or 2000.0, jitter, "to")
    if name == "pod-network-loss":
        return _losing(text(environment.get("NETWORK_PACKET_LOSS_PERCENTAGE")) or "100", "to", 0.0, 0.0)
    if name in _CUTS:
        return Harm(does=_DOES[name], cuts=True)
    return _other(name, "", text(environment.get("NETWORK_BANDWIDTH")), "to")


def destinations(environment: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The addresses and the hosts to which a network fault of Litmus is confined; both empty: to everybody."""
    addresses, hosts = (text(environment.get(name)).split(",") for name in ("DESTINATION_IPS", "DESTINATION_HOSTS"))
    return [one.strip() for one in addresses if one.strip()], [one.strip() for one in hosts if one.strip()]


def externals(fault: Fault) -> list[str]:
    """The hosts outside to which a fault of Chaos Mesh is confined, beside its `target`."""
    return texts(fault.spec.get("externalTargets")) if sequence(fault.spec.get("externalTargets")) else []


def _late(latency: float, jitter: float, direction: Direction) -> Harm:
    spread = f", give or take {jitter:g} ms" if jitter else ""
    twice = ", in each direction" if direction == "both" else ""
    lasts = (max(0.0, latency - jitter), latency + jitter)
    return Harm(does=f"answers {latency:g} ms later{spread}{twice}", latency=lasts, direction=direction)


def _losing(loss: str, direction: Direction, latency: float, jitter: float) -> Harm:
    if (_number(loss) or 0.0) >= 100:
        return Harm(does="loses all of its packets", cuts=True, direction=direction)
    late = (max(0.0, latency - jitter), latency + jitter) if latency else None
    return Harm(does=f"loses {loss} % of its packets", latency=late, direction=direction)


def _other(action: str, kind: str, rate: str, direction: Direction) -> Harm:
    if action in KILLS:
        return Harm(does="is deleted and replaced" if action != "container-kill" else "has a container that is killed and starts again")
    if action in FAILS:
        return Harm(does="is not ready")
    words = _DOES.get(action, _DOES.get(kind, "is disturbed"))
    return Harm(does=words.format(rate=rate or "it may"), direction=direction)


def _http(spec: dict[str, Any]) -> Harm:
    port = spec.get("port")
    requests = Requests(port=port if isinstance(port, int) else None, method=text(spec.get("method")).upper(), path=text(spec.get("path")))
    delay = (seconds(text(spec.get("delay"))) or 0.0) * 1000
    late = (delay, delay) if delay else None
    said = list(_http_words(spec, delay))
    does = " and ".join(said) or _DOES["HTTPChaos"]
    return Harm(does=does + _some(requests), latency=late, breaks=spec.get("abort") is True, requests=requests)


def _http_words(spec: dict[str, Any], delay: float) -> Iterator[str]:
    answers = text(spec.get("target")) == "Response"
    replace, patch = mapping(spec.get("replace")), mapping(spec.get("patch"))
    if spec.get("abort") is True:
        yield "breaks off"
    if delay:
        yield f"answers {delay:g} ms later"
    if answers and isinstance(replace.get("code"), int):
        yield f"answers {replace['code']}"
    changed = sorted((replace.keys() | patch.keys()) - {"code"})
    if changed:
        yield f"{'answers with' if answers else 'is asked with'} another {' and '.join(changed)}"


def _litmus_http(environment: dict[str, Any], name: str) -> Harm:
    port, toxicity = _number(environment.get("TARGET_SERVICE_PORT")), _number(environment.get("TOXICITY"))
    share = 1.0 if toxicity is None else min(max(toxicity / 100, 0.0), 1.0)
    requests = Requests(port=80 if port is None else int(port), share=share)
    latency = _number(environment.get("LATENCY")) or 2000.0
    match name:
        case "pod-http-latency":
            return Harm(does=f"answers {latency:g} ms later" + _some(requests), latency=(latency, latency), requests=requests)
        case "pod-http-reset-peer":
            return Harm(does="breaks off" + _some(requests), breaks=True, requests=requests)
        case "pod-http-status-code":
            return Harm(does=f"answers {text(environment.get('STATUS_CODE')) or 'another status'}" + _some(requests), requests=requests)
    return Harm(does=_DOES.get(name, _DOES["HTTPChaos"]) + _some(requests), requests=requests)


def _some(requests: Requests) -> str:
    """Which requests, where they are not all."""
    part = f" {requests.share:.0%} of" if requests.share < 1 else ""
    named = " ".join(one for one in (requests.method, requests.path) if one and one != "*")
    which = f" requests {named}" if named else " requests"
    port = f" on port {requests.port}" if requests.port is not None else ""
    return f" for{part}{which}{port}" if part or named or port else ""


def _glob(pattern: str, path: str) -> bool:
    """Chaos Mesh compares paths by `*` and `?`."""
    return re.fullmatch("".join(".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern), path) is not None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
