"""VirtualServices and DestinationRules that a server without Istio's webhook admits, and what Envoy or the mesh makes of them."""

import pytest

from aichaos.check.fixes import applied
from aichaos.files import yaml
from tests.check.cluster import only, reviewed, rules


def virtual_service(http: str, hosts: str = "[web.example.com]") -> str:
    return (
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\n"
        f"spec:\n  hosts: {hosts}\n  http:\n  - {{{http}, route: [{{destination: {{host: web.shop.svc.cluster.local}}}}]}}\n"
    )


@pytest.mark.parametrize(
    ("http", "path"),
    [
        ("match: [{uri: {regex: '/a(?!b)'}}]", "/spec/http/0/match/0/uri/regex"),
        ("match: [{authority: {regex: '['}}]", "/spec/http/0/match/0/authority/regex"),
        ("match: [{headers: {x-user: {regex: '*'}}}]", "/spec/http/0/match/0/headers/x-user/regex"),
        ("match: [{withoutHeaders: {x-user: {regex: '['}}}]", "/spec/http/0/match/0/withoutHeaders/x-user/regex"),
        ("match: [{queryParams: {q: {regex: '('}}}]", "/spec/http/0/match/0/queryParams/q/regex"),
        ("corsPolicy: {allowOrigins: [{regex: '('}]}", "/spec/http/0/corsPolicy/allowOrigins/0/regex"),
        ("rewrite: {uriRegexRewrite: {match: '(', rewrite: /}}", "/spec/http/0/rewrite/uriRegexRewrite/match"),
    ],
)
def test_a_regular_expression_that_re2_refuses_is_found(http: str, path: str) -> None:
    found = only(virtual_service(http))
    assert (found.rule, found.severity, found.path, found.line) == ("istio/invalid-regex", "error", path, 7)


def test_a_header_that_must_be_missing_may_be_any() -> None:
    assert rules(virtual_service("match: [{withoutHeaders: {x: {regex: '*'}}, uri: {regex: '/a.*'}}]")) == []


@pytest.mark.parametrize(("value", "fixed"), [("50% off", "50%% off"), ("%NOPE%", None), ("%PROTOCOL% 5%", None)])
def test_a_percent_sign_that_starts_no_variable_is_found(value: str, fixed: str | None) -> None:
    text = virtual_service(f"headers: {{request: {{set: {{x-off: '{value}'}}}}}}")
    found = only(text)
    assert (found.rule, found.severity, found.path) == ("istio/header-percent", "error", "/spec/http/0/headers/request/set/x-off")
    assert (found.fix is None) == (fixed is None)
    if found.fix is not None:
        again = applied(yaml.load(text, "a.yaml")[0], found.fix.patch)
        assert again["spec"]["http"][0]["headers"]["request"]["set"]["x-off"] == fixed
        assert rules(yaml.dump(again)) == []


def test_percent_signs_that_envoy_takes_are_none() -> None:
    assert rules(virtual_service("headers: {response: {add: {x-a: '%PROTOCOL%', x-b: '50%% off'}}}")) == []


def test_headers_of_one_destination_are_looked_at_too() -> None:
    text = virtual_service("name: a").replace("cluster.local}}", "cluster.local}, headers: {response: {add: {x-a: '5%'}}}}")
    assert only(text).path == "/spec/http/0/route/0/headers/response/add/x-a"


@pytest.mark.parametrize(
    ("hosts", "path"),
    [
        ("[a.example.com, b.example.com, a.example.com]", "/spec/hosts/2"),
        ("['*.example.com', a.example.com]", "/spec/hosts/1"),
        ("[a.example.com, '*.com']", "/spec/hosts/1"),
    ],
)
def test_a_host_that_another_one_holds_is_found(hosts: str, path: str) -> None:
    found = only(virtual_service("name: a", hosts))
    assert (found.rule, found.severity, found.path) == ("istio/duplicate-host", "error", path)


def test_hosts_that_only_look_alike_are_none() -> None:
    assert rules(virtual_service("name: a", "['*.example.com', example.com, a.example.org]")) == []


@pytest.mark.parametrize(
    ("http", "path"),
    [
        ("fault: {delay: {percentage: {value: 150}, fixedDelay: 5s}}", "/spec/http/0/fault/delay/percentage/value"),
        ("fault: {abort: {percentage: {value: -1}, httpStatus: 503}}", "/spec/http/0/fault/abort/percentage/value"),
        ("fault: {abort: {percentage: {value: 0.00001}, httpStatus: 503}}", "/spec/http/0/fault/abort/percentage/value"),
        ("fault: {abort: {percentage: {value: 50}, httpStatus: 999}}", "/spec/http/0/fault/abort/httpStatus"),
        ("mirror: {host: b.shop.svc.cluster.local}, mirrorPercentage: {value: 101}", "/spec/http/0/mirrorPercentage/value"),
    ],
)
def test_a_share_or_a_status_that_cannot_be_is_found(http: str, path: str) -> None:
    found = only(virtual_service(http))
    assert (found.rule, found.severity, found.path) == ("istio/fault-range", "error", path)


def test_faults_that_can_be_are_none() -> None:
    assert rules(virtual_service("fault: {abort: {percentage: {value: 0.5}, httpStatus: 599}, delay: {fixedDelay: 5s}}")) == []


def test_any_shape_of_value_is_looked_at_without_trouble() -> None:
    http = "match: [3, {headers: [], uri: {regex: 3}}], headers: {request: {set: {a: 3}}}, fault: {abort: 3, delay: {percentage: 3}}"
    assert {one.layer for one in reviewed(virtual_service(http, "[3, 3]")).findings} == {"schema"}


def test_a_locality_setting_without_a_load_balancer_gets_one() -> None:
    text = (
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: shop}\n"
        "spec:\n  host: web.shop.svc.cluster.local\n  trafficPolicy:\n    outlierDetection: {interval: 5s}\n"
        "    localityLbSetting:\n      enabled: true  # on\n      failover: [{from: a, to: b}]\n"
    )
    found = next(one for one in reviewed(text).findings if one.rule == "istio/locality-setting-place")
    assert found.fix is not None
    policy = applied(yaml.load(text, "a.yaml")[0], found.fix.patch)["spec"]["trafficPolicy"]
    assert policy["loadBalancer"] == {"localityLbSetting": {"enabled": True, "failover": [{"from": "a", "to": "b"}]}}
    assert set(policy) == {"outlierDetection", "loadBalancer"}


def test_fix_writes_it() -> None:
    from aichaos.check.correct import correct

    text = (
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: shop}\n"
        "spec:\n  host: web.shop.svc.cluster.local\n  trafficPolicy:\n    outlierDetection: {interval: 5s}\n"
        "    localityLbSetting:\n      enabled: true  # on\n      failover: [{from: a, to: b}]\n"
    )
    done = correct({"file.yaml": text}, reviewed(text), lambda changed: reviewed(changed["file.yaml"]))
    assert "istio/locality-setting-place" not in rules(done.texts["file.yaml"])
    assert "schema/unknown-field" not in rules(done.texts["file.yaml"])
    assert "# on" in done.texts["file.yaml"]
