"""Probes go to what the cluster or the user says, and nowhere else."""

import pytest

from aichaos.domain.experiment import HTTPProbe
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.errors import UsageError
from aichaos.measure.whom import Address, Whom, resolve, whom
from aichaos.observe.topology import Topology
from tests.observe.clusters import gateway, route, service, topology_of

EDGE = gateway() | {"status": {"addresses": [{"type": "IPAddress", "value": "10.0.0.1"}]}}


def shop(*more: dict[str, object]) -> Topology:
    return topology_of(EDGE, route("web", hostnames=["web.example.com"]), service("web", clusterIP="10.96.0.7"), *more)


def asked(url: str, via: str | None = None, *, resolved: str | None = None, policy: Policy = NO_POLICY, host: str = "") -> Whom:
    probe = HTTPProbe(url=url, via=via, headers={"Host": host} if host else {})
    return whom(probe, shop(), policy, [resolve(resolved)] if resolved else [])


def test_a_gateway_is_asked_at_the_address_of_its_status() -> None:
    found = asked("http://web.example.com/cart", "gateway/shop/edge")
    assert (found.addresses, found.authority) == ((Address("10.0.0.1", 80),), "web.example.com")


def test_a_host_header_goes_before_the_url() -> None:
    assert asked("http://10.0.0.1/", "gateway/shop/edge", host="web.example.com").authority == "web.example.com"


def test_a_hostname_that_one_gateway_serves_needs_no_via() -> None:
    assert asked("http://web.example.com/").called == "gateway/shop/edge"


def test_a_service_is_asked_at_its_address_by_via_name_or_address() -> None:
    for url, via in (("http://x:8080/", "service/shop/web"), ("http://web.shop.svc:8080/", None), ("http://10.96.0.7:8080/", None)):
        assert asked(url, via).addresses == (Address("10.96.0.7", 8080),)


def test_the_user_can_give_an_address_for_a_gateway_and_one_of_its_ports() -> None:
    told = "gateway/shop/edge:80=127.0.0.1:8080"
    assert asked("http://web.example.com/", "gateway/shop/edge", resolved=told).addresses == (Address("127.0.0.1", 8080),)
    assert asked("http://web.example.com/", "gateway/shop/edge", resolved="gateway/shop/edge:81=10.9.9.9").addresses == (
        Address("10.0.0.1", 80),
    )


def test_a_gateway_without_an_address_says_how_to_give_one() -> None:
    with pytest.raises(UsageError, match="no address in its status") as caught:
        whom(HTTPProbe(url="http://web.example.com/", via="gateway/shop/bare"), topology_of(gateway(name="bare")), NO_POLICY)
    assert "--resolve gateway/shop/bare:80=" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("IPAddress", "127.0.0.1"),
        ("IPAddress", "::1"),
        ("IPAddress", "0.0.0.0"),
        ("IPAddress", "169.254.169.254"),
        ("IPAddress", "fe80::1"),
        ("IPAddress", "100.100.100.200"),
        ("Hostname", "localhost"),
        ("Hostname", "metadata.google.internal"),
        ("Hostname", "no..name"),
    ],
)
def test_what_a_gateway_says_of_itself_leads_to_no_machine_but_its_own(kind: str, address: str) -> None:
    there = topology_of(gateway() | {"status": {"addresses": [{"type": kind, "value": address}]}})
    probe = HTTPProbe(url="http://web.example.com/", via="gateway/shop/edge")
    with pytest.raises(UsageError) as caught:
        whom(probe, there, NO_POLICY)
    assert "--resolve gateway/shop/edge:80=" in caught.value.hint


def test_a_name_is_asked_at_what_it_leads_to_and_not_where_it_leads_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    led = {"lb.example.com": ["127.0.0.1", "10.0.0.9"], "evil.example.com": ["169.254.169.254"]}
    monkeypatch.setattr("socket.getaddrinfo", lambda host, port, type: [(2, 1, 6, "", (one, port)) for one in led[host]])
    probe = HTTPProbe(url="http://web.example.com/", via="gateway/shop/edge")
    for name, found in (("lb.example.com", (Address("10.0.0.9", 80),)), ("evil.example.com", ())):
        there = topology_of(gateway() | {"status": {"addresses": [{"type": "Hostname", "value": name}]}})
        if found:
            assert whom(probe, there, NO_POLICY).addresses == found
        else:
            with pytest.raises(UsageError, match=r"evil.example.com leads to 169.254.169.254"):
                whom(probe, there, NO_POLICY)


def test_the_user_can_say_that_a_gateway_is_on_this_machine() -> None:
    there = topology_of(gateway() | {"status": {"addresses": [{"type": "IPAddress", "value": "127.0.0.1"}]}})
    probe = HTTPProbe(url="http://web.example.com/", via="gateway/shop/edge")
    mine = (Address("127.0.0.1", 80),)
    assert whom(probe, there, Policy(allow=("127.0.0.1",))).addresses == mine
    assert whom(probe, there, NO_POLICY, [resolve("gateway/shop/edge=127.0.0.1")]).addresses == mine


def test_of_several_addresses_of_a_gateway_those_are_left_that_may_be_asked() -> None:
    several = [{"type": "IPAddress", "value": one} for one in ("127.0.0.1", "10.0.0.9", "169.254.1.1", "fd00::9")]
    there = topology_of(gateway() | {"status": {"addresses": several}})
    found = whom(HTTPProbe(url="http://web.example.com/", via="gateway/shop/edge"), there, NO_POLICY)
    assert found.addresses == (Address("10.0.0.9", 80), Address("fd00::9", 80))


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://127.0.0.1:10250/pods",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://evil.example.org/?to=web.example.com",
        "http://web.example.com@evil.example.org/",
        "http://other.example.com.evil.org/",
        "file:///etc/passwd",
        "gopher://web.example.com/",
        "http://",
        "http://web.example.com:99999/",
        "//web.example.com/",
        "$(curl evil.example.org)",
    ],
)
def test_nobody_else_is_asked(url: str) -> None:
    with pytest.raises(UsageError):
        asked(url)


@pytest.mark.parametrize(
    "via", ["gateway/shop", "gateway/shop/none", "service/shop/none", "pod/shop/web", "gateway/../shop/edge", "http://evil/"]
)
def test_a_via_that_is_not_in_the_cluster_is_refused(via: str) -> None:
    with pytest.raises(UsageError):
        asked("http://web.example.com/", via)


def test_a_port_that_nobody_listens_on_is_refused() -> None:
    for via in ("gateway/shop/edge", "service/shop/web"):
        with pytest.raises(UsageError, match="port 81"):
            asked("http://web.example.com:81/", via)


def test_the_users_policy_allows_a_host_by_name() -> None:
    allowed = Policy(allow=("127.0.0.1",))
    assert asked("http://127.0.0.1:9/", policy=allowed).addresses == (Address("127.0.0.1", 9),)


@pytest.mark.parametrize(
    "written", ["", "gateway/a/b", "gateway/a/b=", "=1.2.3.4", "a:0=1.2.3.4", "a=1.2.3.4:99999", "a=169.254.169.254", "a=http://x"]
)
def test_what_gives_no_address_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        resolve(written)


def test_addresses_may_be_of_version_6() -> None:
    assert resolve("gateway/a/b:80=[fd00::7]:8080").to == "fd00::7"
    assert str(Address("fd00::7", 80)) == "[fd00::7]:80"
