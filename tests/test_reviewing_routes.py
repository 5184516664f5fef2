"""`check --from` on routes: what the gateway of that cluster would drop, and where its controller has written something else."""

from pathlib import Path

import yaml

from aichaos.domain.finding import Finding
from aichaos.observe.source import Choice
from aichaos.reviewing import Order, check
from tests.observe.clusters import gateway, route, service, to

CLASS: dict[str, object] = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "GatewayClass",
    "metadata": {"name": "any"},
    "spec": {"controllerName": "projectcontour.io/gateway-controller"},
}
OLD = route("old", to("web", matches=[{"path": {"value": "/shop"}}]), hostnames=["a.example.com"], creationTimestamp="2026-01-01T00:00:00Z")
BOTH = [{"path": {"value": "/shop"}}, {"path": {"value": "/else"}}]


def found(folder: Path, cluster: list[dict[str, object]], *given: dict[str, object]) -> list[Finding]:
    (folder / "cluster.yaml").write_text(yaml.safe_dump_all(cluster), encoding="utf-8")
    (folder / "given.yaml").write_text(yaml.safe_dump_all(given), encoding="utf-8")
    order = Order(paths=(str(folder / "given.yaml"),), choice=Choice(origin=str(folder / "cluster.yaml")))
    checked = check(order, lambda text: None)
    return [one for one in checked.findings if one.rule in ("reference/match-taken", "reference/controller-disagrees")]


def test_a_rule_that_contour_would_drop_for_another_route_is_a_warning_at_its_place(tmp_path: Path) -> None:
    young = route("young", to("web", matches=BOTH), hostnames=["a.example.com"])
    (one,) = found(tmp_path, [CLASS, gateway(), service("web"), OLD], young)
    assert (one.rule, one.severity, one.path, one.object) == ("reference/match-taken", "warning", "/spec/rules/0", "HTTPRoute/shop/young")
    assert one.line
    assert "contour drops this rule on a.example.com: HTTPRoute/shop/old has one of its matches already" in one.message


def test_the_older_route_that_changes_is_told_whom_it_drops(tmp_path: Path) -> None:
    young = route("young", to("web", matches=BOTH[1:]), hostnames=["a.example.com"], creationTimestamp="2026-01-02T00:00:00Z")
    changed = route("old", to("web", matches=BOTH), hostnames=["a.example.com"])
    (one,) = found(tmp_path, [CLASS, gateway(), service("web"), OLD, young], changed)
    assert one.object == "HTTPRoute/shop/old"
    assert "contour drops rules[0] of HTTPRoute/shop/young" in one.message


def test_where_nothing_is_dropped_nothing_is_said(tmp_path: Path) -> None:
    young = route("young", to("web", matches=BOTH), hostnames=["a.example.com"])
    istio = CLASS | {"spec": {"controllerName": "istio.io/gateway-controller"}}
    assert found(tmp_path, [istio, gateway(), service("web"), OLD], young) == []
    elsewhere = route("young", to("web", matches=BOTH), hostnames=["b.example.com"])
    assert found(tmp_path, [CLASS, gateway(), service("web"), OLD], elsewhere) == []


def test_a_controller_that_has_written_something_else_is_told(tmp_path: Path) -> None:
    condition = {"type": "Accepted", "status": "False", "reason": "NotAllowedByListeners"}
    status = {"parents": [{"parentRef": {"name": "edge"}, "controllerName": "any", "conditions": [condition]}]}
    (one,) = found(tmp_path, [CLASS, gateway(), service("web"), OLD | {"status": status}], OLD)
    assert (one.rule, one.severity) == ("reference/controller-disagrees", "info")
    assert "Accepted=False (NotAllowedByListeners), and by its objects it is True" in one.message
