"""Clusters whose pods talk to each other through Istio: VirtualServices, DestinationRules, and routes whose parent is a Service."""

import random
from collections.abc import Iterator

from tests.predict.differential.generate import match
from tests.predict.differential.themes import sound
from tests.predict.differential.worlds import COUNTED, TARGET_PORT, Asked, Manifest, World, manifest, to

HOME, AWAY = "n9-a", "n9-a-b"
"""The namespace of the Services, and another whose VirtualServices name them in full. The client is a pod of HOME."""
_ISTIO = "networking.istio.io/v1"
_VERSIONS = ("v1", "v2")


def common() -> list[Manifest]:
    """Services `web` (pods of two versions), `other` and `empty`."""
    found = [manifest("Namespace", name, labels={"kubernetes.io/metadata.name": name}) for name in (HOME, AWAY)]
    for number, (name, versions) in enumerate((("web", _VERSIONS), ("other", ("v1",)), ("empty", ()))):
        ports = [{"name": "http", "port": 80, "targetPort": TARGET_PORT, "protocol": "TCP"}]
        spec = {"ports": ports, "clusterIP": f"10.96.170.{number + 1}", "selector": {"app": name}}
        found.append(manifest("Service", name, HOME, spec=spec))
        endpoints = []
        for place, version in enumerate(versions):
            address, pod = f"10.244.170.{number * 10 + place + 1}", f"{name}-{version}"
            target = {"kind": "Pod", "name": pod, "namespace": HOME}
            endpoints.append({"addresses": [address], "conditions": {"ready": True}, "targetRef": target})
            ready = [{"type": "Ready", "status": "True"}]
            status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": ready}
            containers = [{"name": "c", "ports": [{"containerPort": TARGET_PORT}]}]
            labels = {"app": name, "version": version}
            found.append(manifest("Pod", pod, HOME, labels=labels, spec={"containers": containers}, status=status))
        rest: Manifest = {
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": TARGET_PORT, "protocol": "TCP"}],
            "endpoints": endpoints,
        }
        found.append(manifest("EndpointSlice", name, HOME, labels={"kubernetes.io/service-name": name}, **rest))
    return found


def _name(dice: random.Random, service: str) -> str:
    return dice.choice((service, f"{service}.{HOME}.svc.cluster.local", f"{service}.{HOME}.svc.cluster.local"))


def _string(dice: random.Random, *values: str) -> Manifest:
    value = dice.choice(values)
    return dice.choice(({"exact": value}, {"prefix": value}, {"regex": f"{value}.*"}))


def _matches(dice: random.Random) -> list[Manifest]:
    found = []
    for _ in range(dice.choice((0, 1, 1, 2))):
        one: Manifest = {}
        if dice.random() < 0.7:
            one["uri"] = _string(dice, "/a", "/a/", "/a/b", "/")
            if dice.random() < 0.15:
                one["ignoreUriCase"] = True
        if dice.random() < 0.25:
            one["method"] = _string(dice, "GET", "POST")
        if dice.random() < 0.3:
            one["headers"] = {dice.choice(("x-a", "x-b")): dice.choice((_string(dice, "1", "2"), {}))}
        if dice.random() < 0.2:
            one["queryParams"] = {"v": _string(dice, "1", "2")}
        if dice.random() < 0.15:
            one["withoutHeaders"] = {"x-b": dice.choice((_string(dice, "1", "2"), {}))}
        if one:
            found.append(one)
    return found


def _destinations(dice: random.Random) -> list[Manifest]:
    names = dice.sample(("web", "web", "other", "empty", "missing"), dice.choice((1, 1, 2, 3)))
    weights = dice.choice((None, (1, 3, 2), (1, 0, 1), (2, 2, 0))) if len(names) > 1 else None
    found = []
    for place, name in enumerate(names):
        target: Manifest = {"host": _name(dice, name)}
        if name in ("web", "other") and dice.random() < 0.5:
            target["subset"] = dice.choice(("v1", "v2", "v9", "none"))
        if dice.random() < 0.3:
            target["port"] = {"number": 80}
        found.append({"destination": target} | ({"weight": (weights or (1, 1, 1))[place]} if len(names) > 1 else {}))
    return found


def _http(dice: random.Random) -> Manifest:
    found: Manifest = {"match": _matches(dice)}
    if not found["match"]:
        del found["match"]
    kind = dice.random()
    if kind < 0.12:
        redirect: Manifest = dice.choice(
            ({"uri": "/n"}, {"authority": "h.test"}, {"uri": "/n", "authority": "h.test", "redirectCode": 302})
        )
        return found | {"redirect": redirect | dice.choice(({}, {"scheme": "https"}))}
    if kind < 0.2:
        return found | {"directResponse": {"status": dice.choice((200, 404, 503)), "body": {"string": "said"}}}
    found["route"] = _destinations(dice)
    if dice.random() < 0.2:
        found["rewrite"] = dice.choice(({"uri": "/n"}, {"uri": "/"}, {"authority": "r.test"}, {"uri": "/n", "authority": "r.test"}))
    if dice.random() < 0.15:
        found["fault"] = {"abort": {"httpStatus": 418, "percentage": {"value": dice.choice((100, 50, 0))}}}
    return found


def _virtual_services(dice: random.Random, world: World) -> None:
    for place in range(dice.choice((1, 1, 1, 2))):
        namespace = dice.choice((HOME, HOME, AWAY))
        host = f"web.{HOME}.svc.cluster.local" if namespace == AWAY else _name(dice, "web")
        spec: Manifest = {"hosts": [host], "http": [_http(dice) for _ in range(dice.randint(1, 3))]}
        if dice.random() < 0.2:
            spec["gateways"] = dice.choice((["mesh"], ["other/gw"], ["other/gw", "mesh"]))
        world.objects.append(_own("VirtualService", f"vs-{dice.choice('ab')}{place}", namespace, dice.randrange(3), spec))
    for name in ("web", "other"):
        if dice.random() < 0.8:
            subsets = [{"name": one, "labels": {"version": one}} for one in dice.sample(("v1", "v2", "v9"), dice.randint(1, 3))]
            world.objects.append(_own("DestinationRule", name, HOME, 0, {"host": _name(dice, name), "subsets": subsets}))


def _own(kind: str, name: str, namespace: str, made: int, spec: Manifest) -> Manifest:
    return {**manifest(kind, name, namespace, made=made, spec=spec), "apiVersion": _ISTIO}


def _services_routes(dice: random.Random, world: World) -> None:
    """HTTPRoutes whose parent is a Service."""
    for _ in range(dice.randint(1, 3)):
        rules = []
        for _ in range(dice.randint(1, 3)):
            refs = [to(dice.choice(("web", "other", "empty", "missing"))) for _ in range(dice.choice((1, 1, 2)))]
            rules.append({"matches": [sound(match(dice)) for _ in range(dice.choice((1, 1, 2)))], "backendRefs": refs})
        parent: Manifest = {"group": "", "kind": "Service", "name": "web"}
        if dice.random() < 0.3:
            parent["port"] = dice.choice((80, 80, 81))
        world.route(dice, rules, parentRefs=[parent], namespace=HOME)


_PATHS = ("/", "/a", "/a/", "/a/b", "/A/b", "/ab", "/b", "/a?v=1", "/a/b?v=2&v=1", "//a", "/a/../b", "/%61")


def meshes(seed: int, count: int) -> Iterator[World]:
    """Clusters of both kinds in turn."""
    for number in range(count):
        dice = random.Random(f"{seed}/mesh/{number}")
        theme, fill = (("virtual-services", _virtual_services), ("service-routes", _services_routes))[number % 2]
        world = World(f"{theme}-{number}", common=common(), client=HOME)
        fill(dice, world)
        for _ in range(14):
            headers = tuple(pair for pair in (("X-A", "1"), ("X-B", "2")) if dice.random() < 0.4)
            host = dice.choice((f"web.{HOME}", f"web.{HOME}.svc.cluster.local", f"web.{HOME}.svc.cluster.local", f"other.{HOME}"))
            times = COUNTED if dice.random() < 0.15 else 1
            world.requests.append(Asked(dice.choice(("GET", "GET", "POST")), host, dice.choice(_PATHS), 80, headers, times))
        yield world
