"""A probe's sample says what was answered and by whom, or why that can't be told."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster.connection import connect
from aichaos.cluster.reader import Reader
from aichaos.domain.experiment import Expectation, HTTPProbe, KubernetesProbe, Probe
from aichaos.domain.sample import Sample
from aichaos.errors import UsageError
from aichaos.measure import probes
from aichaos.measure.http import trust
from aichaos.measure.probes import Prober, Ways
from aichaos.measure.sampling import Sampling
from aichaos.measure.whom import resolve
from tests.controlplane.backends import Backends
from tests.controlplane.client import ControlPlane
from tests.controlplane.pki import Authority
from tests.measure.servers import Running, Said, server
from tests.observe.clusters import gateway, listener, route, service, thing, topology_of


def http_probe(path: str = "/", **expect: Any) -> Probe:
    url = f"http://web.example.com{path}"
    return Probe(name="web answers", http=HTTPProbe(url=url, via="gateway/shop/edge", expect=Expectation(**expect)))


def slices(name: str, *endpoints: tuple[str, str]) -> dict[str, Any]:
    made = thing("EndpointSlice", name, version="discovery.k8s.io/v1", labels={"kubernetes.io/service-name": name})
    listed = [{"addresses": [address], "targetRef": {"kind": "Pod", "name": pod}} for address, pod in endpoints]
    return made | {"addressType": "IPv4", "endpoints": listed, "ports": [{"name": "", "port": 80}]}


def prober(running: Running) -> Prober:
    there = topology_of(
        gateway(),
        route("web", hostnames=["web.example.com"]),
        service("web"),
        service("rival"),
        slices("web", ("10.244.9.1", "web-7d-abc")),
        slices("rival", ("10.244.9.2", "rival-5c-xyz")),
    )
    return Prober(there, None, Ways(resolve=(resolve(f"gateway/shop/edge=127.0.0.1:{running.port}"),)))


def sample(said: Said, **expect: Any) -> Sample:
    with server(lambda path: said) as running:
        return prober(running).ask(http_probe(**expect))


def test_a_private_authority_is_trusted_on_the_users_word_alone(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    probe = Probe(name="web", http=HTTPProbe(url="https://web.example.com/", via="gateway/shop/edge"))
    there = topology_of(gateway(listener("tls", port=443, protocol="HTTPS")))
    with (
        server(lambda path: Said(), certified=ours.issue_server("web", [], ["web.example.com"])) as good,
        server(lambda path: Said(), certified=ours.issue_server("other", [], ["other.example.com"])) as misnamed,
        server(lambda path: Said(), certified=theirs.issue_server("web", [], ["web.example.com"])) as foreign,
    ):

        def ask(running: Running) -> Sample:
            return Prober(there, None, Ways(resolve=(resolve(f"gateway/shop/edge=127.0.0.1:{running.port}"),))).ask(probe)

        before = ask(good)
        assert (before.outcome, "--probe-ca FILE" in before.why) == ("bad", True), before.why
        trust(str(ours.certificate_file))
        assert ask(good).outcome == "good"
        assert "ostname mismatch" in ask(misnamed).why
        assert "--probe-ca FILE" in ask(foreign).why


@pytest.mark.parametrize(("content", "told"), [(None, "No such file"), ("no certificate", "there is no certificate in it")])
def test_a_file_without_authorities_is_said(tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=told):
        trust(str(path))


def test_the_gateway_is_asked_for_the_hosts_name() -> None:
    with server(lambda path: Said()) as running:
        found = prober(running).ask(http_probe("/cart?x=1"))
    assert found.outcome == "good"
    assert found.seconds is not None
    assert [(one["path"], one["host"]) for one in running.asked] == [("/cart?x=1", "web.example.com")]


@pytest.mark.parametrize(
    ("said", "expect", "why"),
    [
        (Said(503), {}, "it answered 503, expected 200-399"),
        (Said(404), {"status": "2xx"}, "it answered 404, expected 2xx"),
        (Said(200, "v1"), {"body": "v2"}, "the answer does not hold 'v2'"),
        (Said(200, "", (("x-version", "1"),)), {"header": "x-version: 2"}, "the answer has no header 'x-version: 2'"),
    ],
)
def test_an_answer_that_is_not_as_expected_is_bad(said: Said, expect: dict[str, str], why: str) -> None:
    found = sample(said, **expect)
    assert (found.outcome, found.why) == ("bad", why)


def test_an_answer_as_expected_is_good() -> None:
    assert sample(Said(204), status="204").outcome == "good"
    assert sample(Said(200, "it is v2"), body="v2").outcome == "good"
    assert sample(Said(200, "", (("X-Version", "2"),)), header="x-version").outcome == "good"


@pytest.mark.parametrize(
    ("said", "outcome", "backend"),
    [
        (Said(200, "", (("x-pod", "10.244.9.1"),)), "good", "shop/web"),
        (Said(200, '{"pod": "web-7d-abc"}'), "good", "shop/web"),
        (Said(200, "Hostname: rival-5c-xyz\nIP: 10.0.0.1\n"), "bad", "shop/rival"),
        (Said(200, "hello from rival"), "bad", "shop/rival"),
        (Said(200, '{"hostname": "someone-else"}'), "none", None),
        (Said(200, "<html>" + "x" * 300), "none", None),
    ],
)
def test_the_backend_is_the_service_of_whoever_the_answer_names(said: Said, outcome: str, backend: str | None) -> None:
    found = sample(said, backend="shop/web")
    assert (found.outcome, found.backend) == (outcome, backend)


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with server(lambda path: Said(302, "", (("Location", "/secret"),))) as running:
        assert prober(running).ask(http_probe(status="302")).outcome == "good"
    assert [one["path"] for one in running.asked] == ["/"]


def test_nobody_who_answers_is_a_bad_sample() -> None:
    with server(lambda path: Said()) as running:
        asking = prober(running)
    assert asking.ask(http_probe()).why == f"127.0.0.1:{running.port} can't be connected to"


def test_what_could_never_be_asked_is_refused_before() -> None:
    with server(lambda path: Said()) as running:
        asking = prober(running)
        for probe in (
            Probe(name="p", http=HTTPProbe(url="http://169.254.169.254/")),
            Probe(name="p", http=HTTPProbe(url="http://web.example.com/", method="DELETE")),
            Probe(name="p", http=HTTPProbe(url="http://web.example.com/", expect=Expectation(status="fine"))),
            Probe(name="p", http=HTTPProbe(url="http://web.example.com/"), tolerance={"success": "much"}),
            Probe(name="p", kubernetes=KubernetesProbe(object="Deployment", condition="Available")),
        ):
            with pytest.raises(UsageError, match="the probe 'p'"):
                asking.prepare([probe])


@pytest.fixture
def reader(controlplane: ControlPlane) -> Iterator[Reader]:
    with connect(kubeconfig=str(controlplane.kubeconfig("reader"))) as connection:
        yield Reader(connection)


def test_a_service_without_an_address_is_asked_at_its_endpoints_as_they_are_now(controlplane: ControlPlane, reader: Reader) -> None:
    with controlplane.namespace() as namespace, Backends() as backends:
        there = topology_of(service("web", namespace=namespace, clusterIP="None"))
        made = slices("web", ("10.244.9.8", "web-1"))
        made["metadata"]["namespace"] = namespace
        made["ports"] = [{"name": "", "port": backends.port}]
        made["endpoints"][0].pop("targetRef")
        asking = Prober(there, reader)
        probe = Probe(
            name="p", http=HTTPProbe(url="http://web:8080/", via=f"service/{namespace}/web", expect=Expectation(backend=f"{namespace}/web"))
        )
        assert asking.ask(probe).why == f"service/{namespace}/web has no ready endpoint"
        controlplane.request("POST", f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", made)
        assert asking.ask(probe).outcome == "good"


def test_an_address_that_is_given_again_is_the_one_of_whoever_has_it_now(controlplane: ControlPlane, reader: Reader) -> None:
    """A pod that is gone leaves its address to the next one, of whichever Service."""
    with controlplane.namespace() as namespace, server(lambda path: Said(body='{"pod": "10.244.9.7"}')) as running:
        there = topology_of(gateway(), service("web", namespace=namespace), service("rival"), slices("rival", ("10.244.9.7", "rival-1")))
        probe = http_probe(backend=f"{namespace}/web")

        def asking() -> Prober:
            return Prober(there, reader, Ways(resolve=(resolve(f"gateway/shop/edge=127.0.0.1:{running.port}"),)))

        before = asking().ask(probe)
        assert (before.outcome, before.why) == ("bad", f"shop/rival answered, expected {namespace}/web")
        now = slices("web", ("10.244.9.7", "web-1"))
        now["metadata"]["namespace"] = namespace
        controlplane.request("POST", f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", now)
        assert asking().ask(probe).outcome == "good"
        foretold = asking()
        foretold.prefer(probe.name, [f"{namespace}/web"])
        assert foretold.ask(http_probe()).backend == f"{namespace}/web"


def test_conditions_are_those_of_the_server(controlplane: ControlPlane, reader: Reader) -> None:
    controlplane.install_crds("gateway-api")
    asking = Prober(topology_of(), reader)

    def ask(written: str, condition: str) -> Sample:
        return asking.ask(Probe(name="p", kubernetes=KubernetesProbe(object=written, condition=condition)))

    controlplane.node("measured", zone="a")
    assert ask("Node/measured", "Ready").outcome == "good"
    assert ask("Node/measured", "DiskPressure").outcome in ("bad", "none")
    assert ask("Node/measured", "Sunny").why == "Node/measured has no condition Sunny"
    assert ask("HTTPRoute/default/none", "Accepted").why == "HTTPRoute/default/none is not there"
    assert ask("Namespace/default", "Ready").outcome == "none"


def test_an_abort_probe_decides_by_the_first_answer_that_breaks_it() -> None:
    """With `failures: 1`, whatever else is asked meanwhile; and once."""
    failing, decided, sampled = threading.Event(), threading.Event(), threading.Event()
    bad: list[Sample] = []
    when: list[int] = []

    def record(sample: Sample, late: float) -> None:
        sampled.set()
        if sample.probe == "abort" and sample.outcome == "bad":
            bad.append(sample)

    def decide(probe: Probe, found: Sample) -> None:
        when.append(len(bad))
        decided.set()

    with server(lambda path: Said(500 if failing.is_set() else 200)) as running:
        asking = prober(running)
        probe = http_probe()
        aborting = Probe(name="abort", http=probe.http, failures=1, rate=1)
        with Sampling([probe], [aborting], asking.ask, decide, interval=0.2, record=record):
            assert sampled.wait(20)  # the promises are watched too
            failing.set()
            assert decided.wait(20)
    assert len(when) == 1
    assert when[0] <= 2, "one more may come while the first is looked at"


def test_an_answer_that_does_not_come_in_time_is_slow_and_one_that_can_not_come_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "TIMEOUT", 0.1)
    over = threading.Event()

    def hang(path: str) -> Said:
        over.wait(5)
        return Said()

    probe = Probe(name="web answers", http=HTTPProbe(url="http://web.example.com/", via="gateway/shop/edge"))
    with server(hang) as running:
        asking = prober(running)
        asking.prepare([probe])
        late = asking.ask(probe)
        over.set()
    absent = asking.ask(probe)
    assert [(one.outcome, one.slow) for one in (late, absent)] == [("bad", True), ("bad", False)]
    assert "no answer within 0.1s" in late.why
