"""What leaves this machine in place of secrets, names and addresses, and how it comes back."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask.conversation import Manner, Means, ask
from aichaos.ask.prompting import render
from aichaos.ask.protocol import Facts, Options
from aichaos.ask.redact import redact
from aichaos.ask.registry import open_backend
from aichaos.ask.veil import Veil
from aichaos.ask.words import read
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import to_document
from aichaos.domain.kinds import KINDS
from aichaos.observe.topology import Topology
from tests.backends.provider import message, serving
from tests.observe.clusters import DEMOS, PATIENT, demo, deployment, gateway, listener, route, service, to, topology_of

SECRETS = {
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "GitHub": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "GitLab": "glpat-0123456789abcdefABCD",
    "Slack": "xoxb-123456789012-abcdefABCDEF",
    "Anthropic": "sk-ant-api03-0123456789abcdefABCDEF",
    "OpenAI": "sk-proj-0123456789abcdefABCDEF",
    "Google": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "npm": "npm_0123456789abcdefghij0123456789abcdef",
    "random": "Zm9vYmFyQmF6MTIzNDU2Nzg5MGFiY2RlZkdISUpLTE1OT1A0",
}


def hidden(text: str) -> str:
    return Veil().hide(text)


# secrets: always ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ["{}", "the key is {} I think", "key: '{}'", "x={}\n", "路由 {} 冲突", '{{"k":"{}"}}'])
def test_a_secret_never_stays(name: str, around: str) -> None:
    assert SECRETS[name] not in hidden(around.format(SECRETS[name]))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password: hunter2hunter2", "hunter2hunter2"),
        ("DB_PASSWORD=hunter2", "hunter2"),
        ('"apiKey": "hunter2hunter2"', "hunter2hunter2"),
        ("client_secret = hunter2hunter2", "hunter2hunter2"),
        ("Authorization: Bearer abc123def456", "abc123def456"),
        ("authorization: Basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy"),
        ("postgres://admin:hunter2@db.shop:5432/x", "hunter2"),
        ("- name: X-Api-Key\n  type: Exact\n  value: hunter2\n", "hunter2"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----\n", "MIIEow"),
        ("-----BEGIN PRIVATE KEY-----\\nMIIEow", "MIIEow"),
        ("write to jane.doe+x@corp.example.co.uk please", "jane.doe"),
    ],
)
def test_what_is_called_a_secret_is_one(text: str, secret: str) -> None:
    assert secret not in hidden(text)


@pytest.mark.parametrize(
    "text",
    [
        "Deployment/production/llama3-8b-fallback",
        "Service/envoy-gateway-system/envoy-ml-services-predict-gateway-148ee3f0",
        "secretName: shop-tls and tokens: 500",
        "a-very-long-name-of-a-service-that-somebody-really-gave-to-it-once",
        "kind: Secret\nname: login",
        "1000ms for 90 seconds, p99 below 300ms",
        "http://shop.example.com/checkout?x=1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hidden(text) == text


@PATIENT
@given(st.text(max_size=200))
def test_redaction_never_raises_and_twice_is_once(text: str) -> None:
    once = redact(text, lambda kind, secret: f"redacted-{kind}-1")
    assert redact(once, lambda kind, secret: f"redacted-{kind}-1") == once


def test_a_secret_that_is_one_word_comes_back_and_one_that_is_more_stays_out() -> None:
    veil = Veil()
    key = SECRETS["GitHub"]
    assert veil.lift(veil.hide(f"token is {key}")) == f"token is {key}"
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEow\n-----END PRIVATE KEY-----"
    assert "MIIEow" not in veil.lift(veil.hide(pem))


# names: where the user asks for it --------------------------------------------------------------------------------------------------


def originals(topology: Topology) -> set[str]:
    """Names, namespaces and hosts of a cluster that say something: longer than three letters, and no word of our own prompts."""
    snapshot = topology.snapshot
    found = {obj.name for kind in KINDS for obj in getattr(snapshot, kind.field)}
    found |= {obj.namespace for kind in KINDS for obj in getattr(snapshot, kind.field)}
    found |= {host for one in snapshot.http_routes for host in one.spec.hostnames}
    ours = (
        render("experiment", Facts(topology=topology_of(), words=read(""))).text
        + render("ideas", Facts(topology=topology_of(), words=read(""))).text
    )
    spoken = set(re.findall(r"[A-Za-z0-9]+", ours.lower()))
    return {name for name in found if len(name) > 3 and name not in spoken}


@pytest.mark.parametrize("name", DEMOS)
def test_no_name_of_a_cluster_is_in_an_anonymous_prompt(name: str) -> None:
    topology = demo(name)
    words = read(f"what if {' and '.join(sorted(originals(topology))[:40])} fail?")
    prompt = render("ideas", Facts(topology=topology, words=words), veil=Veil(topology.snapshot, names=True))
    sent = f"{prompt.system}\n{prompt.text}"
    found = {one for one in originals(topology) if re.search(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])", sent)}
    public = {"istio", "litmus", "pod-network-latency", "pod-delete", "chaos-mesh", "envoy-gateway"}
    assert {one for one in found if one not in public} == set()


@pytest.fixture
def veil() -> Veil:
    return Veil(shop().snapshot, names=True)


def shop() -> Topology:
    return topology_of(
        gateway(listener(hostname="*.acme-bank.com"), name="bank-edge", namespace="payments"),
        service("checkout-db-v1", namespace="payments"),
        service("checkout-db-v2", namespace="payments"),
        deployment("checkout-db-v1", namespace="payments"),
        route(
            "checkout", to("checkout-db-v1", matches=[{"path": {"value": "/kasse"}}]), namespace="payments", hostnames=["pay.acme-bank.com"]
        ),
    )


TEXTS = [
    "checkout-db-v1",
    "checkout-db",
    "Checkout",
    "what would hurt my checkout most?",
    "http://pay.acme-bank.com/kasse?x=1",
    "checkout-db-v1.payments.svc.cluster.local:8080",
    "checkout-db-v1.payments",
    "Service/payments/checkout-db-v2",
    "gateway/payments/bank-edge",
    'sum(rate(requests{service="checkout-db-v1", namespace=~"payments.*"}[1m]))',
    "the namespace is payments, the pod at 10.244.3.17 and 2a01:4f8::17",
    "app=checkout-db-v1",
    "payments-checkout-db-v3",
]


@pytest.mark.parametrize("text", TEXTS)
def test_every_mention_is_hidden_and_comes_back(text: str, veil: Veil) -> None:
    sent = veil.hide(text)
    for word in ("checkout", "acme", "kasse", "payments", "10.244", "2a01"):
        assert word not in sent.lower()
    assert veil.lift(sent) == text


def test_a_name_is_the_same_wherever_it_stands(veil: Veil) -> None:
    whole, part = veil.hide("checkout-db-v1"), veil.hide("checkout-db")
    assert whole == f"{part}-v1"
    assert veil.hide("http://checkout-db-v1.payments:80/").startswith(f"http://{whole}.")


def test_what_a_model_makes_of_a_stand_in_becomes_what_it_would_have_made_of_the_name(veil: Veil) -> None:
    stand_in = veil.hide("checkout-db-v1")
    assert veil.lift(f"{stand_in.removesuffix('-v1')}-v3") == "checkout-db-v3"
    assert veil.lift(f"rival-of-{stand_in}") == "rival-of-checkout-db-v1"
    assert veil.lift(f"{stand_in}s") == "checkout-db-v1s"
    assert veil.lift(stand_in.capitalize()) == "Checkout-db-v1"


def test_words_that_say_nothing_stay(veil: Veil) -> None:
    text = "Please inject a latency of 1000ms for 90 seconds targeting 50% of pods behind my HTTPRoutes"
    assert veil.hide(text) == text


def test_a_name_that_is_in_the_words_alone_is_hidden_too(veil: Veil) -> None:
    sent = veil.hide('service account is "litmus-admin", namespace zentrale, host intern.firma.de')
    assert not re.search("litmus-admin|zentrale|intern|firma", sent)


NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@PATIENT
@given(st.sets(NAMES, min_size=2, max_size=8))
def test_no_two_originals_have_one_stand_in_and_all_come_back(names: set[str]) -> None:
    veil = Veil(topology_of(*(service(name) for name in names)).snapshot, names=True)
    sent = {name: veil.hide_name(name) for name in sorted(names)}
    assert len(set(sent.values())) == len(names)
    assert {name: veil.lift(one) for name, one in sent.items()} == {name: name for name in names}


@PATIENT
@given(st.text(max_size=80))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    veil = Veil(shop().snapshot, names=True)
    assert veil.lift(veil.hide(text)) == text or "redacted-" in veil.hide(text)


# on the wire --------------------------------------------------------------------------------------------------------------------------

ANSWER = """apiVersion: aichaos/v1
kind: Experiment
metadata: {{name: a}}
spec:
  title: Take {name} away
  steps:
  - scale: {{kind: Deployment, name: {name}, namespace: {space}, replicas: 0}}
"""


@pytest.mark.parametrize("backend", ["anthropic", "openai"])
def test_the_bytes_on_the_wire_hold_none_of_the_originals_and_the_answer_holds_them_all(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    topology = shop()
    facts = Facts(topology=topology, words=read("what if checkout-db loses its pods at pay.acme-bank.com? ask jane@acme-bank.com"), count=1)

    def respond(request: dict[str, Any]) -> Any:
        text = json.dumps(request)
        name, space = re.findall(r"object: Deployment/([a-z-]+)/([a-z0-9-]+)", text)[0][::-1]
        listed = f"ideas:\n- {{id: a, title: Take {name} away, summary: s, why_here: [Deployment/{space}/{name}]}}\n"
        return message(listed if "Give 1 idea" in text else ANSWER.format(name=name, space=space), request)

    with serving(respond) as (url, seen):
        opened = open_backend(backend, Options(model="m", base_url=url if backend == "anthropic" else f"{url}/v1", timeout=10))
        answer = ask(
            opened,
            facts,
            Means(
                digest=lambda: "d", decode=experiment_of, judge=lambda experiment: [], say=lambda line: None, manner=Manner(anonymize=True)
            ),
        )
    sent = json.dumps(seen)
    assert len(seen) == 2
    for original in ("checkout", "payments", "acme", "kasse", "bank-edge", "jane"):
        assert original not in sent.lower(), original
    (draft,) = answer.drafts
    assert draft.experiment is not None, draft.findings
    step = to_document(draft.experiment)["spec"]["steps"][0]["scale"]
    assert (step["name"], step["namespace"]) == ("checkout-db-v1", "payments")
    assert draft.experiment.spec.title == "Take checkout-db-v1 away"


@pytest.mark.parametrize("key", ["password", "db-password", "secret", "token", "api_key"])
def test_a_label_whose_key_says_that_it_is_a_secret_is_one(key: str) -> None:
    veil = Veil()
    hidden = veil.hide_tree({"pod_labels": {key: "hunterOnly99", "app": "web"}})
    assert "hunterOnly99" not in str(hidden)
    assert hidden["pod_labels"]["app"] == "web"
    assert veil.lift(hidden["pod_labels"][key]) == "hunterOnly99"


@pytest.mark.parametrize("date", ["2025-10-20", "2025-10-20T12:30:00Z", "2025-10-20 12:30", "2025-10-20T12:30:00.123+02:00"])
def test_a_date_is_no_name(date: str) -> None:
    veil = Veil(shop().snapshot, names=True)
    assert veil.hide(f"made on {date}") == f"made on {date}"
    assert veil.hide_tree({"created": date, "name": date}) == {"created": date, "name": date}
    assert "2025" not in veil.hide_name("release-2025-10-20")
