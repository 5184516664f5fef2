"""`aichaos route` in a terminal: what it promises to scripts, and what it says to people who ask the impossible."""

import json
from pathlib import Path

import pytest

from tests.program import Run, answer

TALK = ("--from", "demo:route-chaos")
ANSWER = {"outcome", "status", "location", "listener", "route", "rule", "match", "backends", "received"}
FIELDS = ANSWER | {"why", "implementation", "implementations"}


def test_it_names_listener_route_rule_and_backend(aichaos: Run) -> None:
    said = answer(aichaos("route", "GET", "http://lior.example.com/shop", *TALK, "-o", "json"))
    assert set(said) == FIELDS
    assert (said["outcome"], said["status"], said["route"], said["rule"], said["match"]) == ("forward", None, "route-chaos/my-route", 1, 0)
    assert said["listener"] == "route-chaos/my-gateway/http"
    assert said["backends"] == [
        {"service": "route-chaos/infra-backend-v1", "port": 8080, "share": 1.0, "ready_endpoints": 2, "status": None}
    ]
    assert said["received"] == {"path": "/shop", "host": "lior.example.com", "headers": []}


def test_the_host_header_is_the_authority(aichaos: Run) -> None:
    said = answer(aichaos("route", "GET", "http://10.0.0.1/shop", "-H", "Host: lior.example.com", *TALK, "-o", "json"))
    assert said["route"] == "route-chaos/my-route"
    assert said["received"]["host"] == "lior.example.com"


def test_people_read_the_answer_first_then_why(aichaos: Run) -> None:
    done = aichaos("route", "GET", "http://lior.example.com/shop", *TALK)
    lines = done.stdout.splitlines()
    assert lines[0] == "goes to route-chaos/infra-backend-v1:8080"
    assert "Why" in lines


def test_many_requests_are_answered_in_order_and_a_bad_line_does_not_stop_them(aichaos: Run, tmp_path: Path) -> None:
    good = json.dumps({"method": "GET", "url": "http://lior.example.com/shop", "headers": [["x-a", "1"]]})
    lines = [good, "{nonsense", json.dumps({"method": "GET", "url": "no-host"}), '{"url": 7}', good]
    (tmp_path / "requests.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for source, stdin in (("requests.jsonl", ""), ("-", "\n".join(lines))):
        done = aichaos("route", "--requests", source, *TALK, "-o", "json", stdin=stdin)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert [set(one) == FIELDS for one in answers] == [True, False, False, False, True]
        assert all(set(one) == {"error"} for one in answers[1:4])
        assert answers[2]["error"].startswith("'no-host' is no URL. Write it with its scheme and its host, for example http://no-host")
        assert done.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["GET", "/shop"], "is no URL"),
        (["GET", "http:///shop"], "has no host"),
        (["GET", "http://a:99999/"], "is no port"),
        (["GET", "ftp://a/"], "over http or https"),
        (["GET", "http://a/ b"], "blank"),
        (["G T", "http://a/"], "is no HTTP method"),
        (["GET", "http://a/", "-H", "nonsense"], "is no header"),
        (["GET", "http://a/", "-H", "Host: a", "-H", "Host: b"], "one Host header"),
        (["GET", "http://a/", "--gateway", "no/where"], "no Gateway 'no/where'"),
        (["GET", "http://a/", "--implementation", "nobody"], "no implementation is called"),
        (["GET"], "a METHOD and a URL"),
        (["GET", "http://a/", "--requests", "-"], "exclude each other"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(aichaos: Run, arguments: list[str], problem: str) -> None:
    done = aichaos("route", *arguments, *TALK)
    assert (done.returncode, done.stdout) == (2, "")
    first, hint = done.stderr.splitlines()
    assert first.startswith("aichaos: ")
    assert problem in first
    assert hint.startswith("  ")


def test_a_cluster_without_gateways_answers_nothing(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", encoding="utf-8")
    said = answer(aichaos("route", "GET", "http://a/", "--from", "empty.yaml", "-o", "json"))
    assert (said["outcome"], said["status"], said["why"]) == ("error", None, ["there is no Gateway in this cluster"])


def test_the_namespace_of_the_client_chooses_its_own_routes(aichaos: Run, tmp_path: Path) -> None:
    parents = [{"kind": "Service", "group": "", "name": "api", "namespace": "shop"}]
    redirect = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "elsewhere"}}]}
    kind = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
    theirs = {**kind, "metadata": {"name": "r", "namespace": "web"}, "spec": {"parentRefs": parents, "rules": [redirect]}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "shop"}, "spec": {"ports": [{"port": 80}]}}
    (tmp_path / "mesh.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [theirs, service]}), encoding="utf-8")
    asked = ("route", "GET", "http://api.shop/", "--from", "mesh.json", "-o", "json")
    assert answer(aichaos(*asked))["route"] is None
    assert answer(aichaos(*asked, "--client", "web"))["route"] == "web/r"
