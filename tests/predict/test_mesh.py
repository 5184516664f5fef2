"""Requests from pod to Service, that pass no Gateway."""

from typing import Any

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.observe.clusters import gateway, grant, route, service, thing, to, topology_of

ISTIO = "networking.istio.io/v1"
Manifest = dict[str, Any]


def pod(name: str, **labels: str) -> Manifest:
    ready = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    return thing("Pod", name, labels=labels) | {"spec": {}, "status": ready}


def ask(url: str, *objects: Manifest, **headers: str) -> Answer:
    pods = [pod("web-1", app="web", version="v1"), pod("web-2", app="web", version="v2"), pod("other-1", app="other")]
    snapshot = topology_of(gateway(), service("web"), service("other"), *pods, *objects).snapshot
    router = Router(snapshot)
    request = read(RequestLine(url=url, headers=tuple(headers.items())))
    return router.explain(request, router.gateway(request))


def shares(answer: Answer) -> dict[str | None, tuple[float, int | None]]:
    return {one.service: (one.share, one.status) for one in answer.backends}


def virtual(*http: Manifest, host: str = "web") -> Manifest:
    return thing("VirtualService", "web", {"hosts": [host], "http": list(http)}, version=ISTIO)


def destination(host: str = "web", weight: int | None = None, **more: Any) -> Manifest:
    return {"destination": {"host": host} | more} | ({"weight": weight} if weight is not None else {})


def test_a_service_that_nothing_routes_answers_itself() -> None:
    answer = ask("http://web.shop.svc.cluster.local:8080/")
    assert (answer.outcome, answer.listener, shares(answer)) == ("forward", None, {"shop/web": (1.0, None)})
    assert ask("http://web.shop:9/").why == ("Service shop/web has no port 9",)


def test_a_route_of_the_service_takes_its_requests_and_leaves_a_404_for_the_rest() -> None:
    own = route("mesh", to("other", matches=[{"path": {"value": "/a"}}]), parentRefs=[{"kind": "Service", "group": "", "name": "web"}])
    assert shares(ask("http://web.shop:8080/a", own)) == {"shop/other": (1.0, None)}
    assert ask("http://web.shop:8080/b", own).status == 404


def test_the_first_route_of_a_virtual_service_that_matches_wins() -> None:
    canary = {"match": [{"headers": {"x-canary": {"exact": "yes"}}}], "route": [destination("other")]}
    rest = {"route": [destination(weight=75), destination("other", weight=25)]}
    assert shares(ask("http://web.shop:8080/", virtual(canary, rest))) == {"shop/web": (0.75, None), "shop/other": (0.25, None)}
    assert shares(ask("http://web.shop:8080/", virtual(canary, rest), **{"x-canary": "yes"})) == {"shop/other": (1.0, None)}


def test_a_subset_has_the_pods_with_its_labels_and_503_where_it_has_none() -> None:
    spec = {"host": "web", "subsets": [{"name": "v1", "labels": {"version": "v1"}}, {"name": "v9", "labels": {"version": "v9"}}]}
    rule = thing("DestinationRule", "web", spec, version=ISTIO)
    (one,) = ask("http://web.shop:8080/", rule, virtual({"route": [destination(subset="v1")]})).backends
    assert (one.ready_endpoints, one.status) == (1, None)
    assert ask("http://web.shop:8080/", rule, virtual({"route": [destination(subset="v9")]})).status == 503
    nowhere = ask("http://web.shop:8080/", virtual({"route": [destination(subset="v1")]}))
    assert nowhere.status == 503
    assert any("no DestinationRule has a subset v1" in reason for reason in nowhere.why)


def test_what_is_no_failover_is_said() -> None:
    policy = {"loadBalancer": {"localityLbSetting": {"enabled": True}}}
    rule = thing("DestinationRule", "web", {"host": "web", "trafficPolicy": policy}, version=ISTIO)
    why = ask("http://web.shop:8080/", rule, virtual({"route": [destination(weight=100), destination("other", weight=0)]})).why
    assert any("a fallback is no failover" in reason for reason in why)
    assert any("without outlierDetection" in reason for reason in why)


def test_faults_and_mirrors_of_a_route_are_told() -> None:
    fault = {"abort": {"httpStatus": 418, "percentage": {"value": 40}}}
    faulty = {"route": [destination()], "fault": fault, "mirror": {"host": "other"}, "mirrorPercentage": {"value": 10}}
    answer = ask("http://web.shop:8080/", virtual(faulty))
    assert shares(answer) == {"shop/web": (0.6, None), None: (0.4, 418)}
    assert "a copy of 10 % of such requests goes to other, whose answer nobody sees" in answer.why


def test_where_istio_is_its_sidecars_read_the_request() -> None:
    """They resolve dots before a route is looked for, and a redirect keeps the query."""
    exact = virtual({"match": [{"uri": {"exact": "/b"}}], "redirect": {"uri": "/n"}}, {"route": [destination("other")]})
    answer = ask("http://web.shop:8080/a/../b?q=1", exact)
    assert (answer.location, answer.implementation) == ("http://web.shop:8080/n?q=1", "istio")
    assert ask("http://web.shop:8080/").implementation == "standard"


def test_for_istio_the_routes_with_and_without_a_port_of_a_service_are_two_tables() -> None:
    def own(name: str, made: str, backend: str, **parent: Any) -> Manifest:
        return route(name, to(backend), creationTimestamp=made, parentRefs=[{"kind": "Service", "group": "", "name": "web", **parent}])

    old = own("old", "2026-01-01T00:00:00Z", "other", port=8080)
    young = own("young", "2026-01-01T00:00:01Z", "web")
    router = Router(topology_of(service("web"), service("other"), pod("o", app="other"), old, young).snapshot, "istio")
    request = read(RequestLine(url="http://web.shop:8080/"))
    assert shares(router.answer(request, router.gateway(request))) == {"shop/other": (1.0, None)}


def test_the_routes_of_a_clients_namespace_replace_those_of_the_service_for_it_alone() -> None:
    parents = [{"kind": "Service", "group": "", "name": "web", "namespace": "shop"}]
    theirs = route("theirs", to("other", matches=[{"path": {"value": "/a"}}]), namespace="till", parentRefs=parents)
    theirs["spec"]["rules"][0]["backendRefs"][0]["namespace"] = "shop"
    allowed = grant("shop", from_namespace="till")
    pods = [pod("web-1", app="web"), pod("other-1", app="other")]
    own = route("own", to("web"), parentRefs=parents)
    snapshot = topology_of(service("web"), service("other"), *pods, own, theirs, allowed).snapshot

    def asked(client: str | None, path: str = "/a") -> Answer:
        router = Router(snapshot, client=client)
        request = read(RequestLine(url=f"http://web.shop:8080{path}"))
        return router.answer(request, router.gateway(request))

    assert asked("till").route == "till/theirs"
    assert asked("till", "/b").status == 404
    assert "till/theirs is of the client's namespace: it stands instead of the Service's own routes" in asked("till").why
    for client in (None, "shop", "elsewhere"):
        assert asked(client).route == "shop/own"
    assert any("for clients in their own namespace these routes replace it: till/theirs" in reason for reason in asked(None).why)
    assert not any("till/theirs" in reason for reason in asked("elsewhere").why)


def test_a_virtual_service_at_istios_own_gateway_is_named() -> None:
    spec = {"hosts": ["*.example.com"], "gateways": ["mesh", "other/ingress"], "http": [{"route": [destination("web")]}]}
    bound = thing("VirtualService", "outside", spec, version=ISTIO)
    said = "VirtualService shop/outside has this host at other/ingress, a Gateway of Istio's own kind: what that answers is not foretold"
    assert said in ask("http://a.example.com/", bound, route("web")).why
    assert said not in ask("http://a.example.org/", bound, route("web")).why
    alone = Router(topology_of(service("web"), bound).snapshot)
    request = read(RequestLine(url="http://a.example.com/"))
    assert alone.explain(request, alone.gateway(request)).why == ("there is no Gateway in this cluster", said)
