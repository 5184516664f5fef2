"""Each thing that keeps a run from starting has a name, and says what to do."""

import datetime
from collections.abc import Iterable
from typing import Literal

import pytest

from aichaos.cluster.rights import Right
from aichaos.domain.base import ObjectRef
from aichaos.domain.experiment import HTTPProbe, Probe
from aichaos.domain.finding import Finding
from aichaos.domain.policy import NO_POLICY, Policy, Window
from aichaos.domain.running import Permission
from aichaos.domain.sample import Judged, Sample
from aichaos.live import planning
from aichaos.run import guard, lever
from aichaos.run.lease import Taken
from aichaos.run.plan import Refusal
from tests.observe.clusters import Manifest, deployment, pod, route, service, topology_of

NOON = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.UTC)  # a Wednesday


def names(refusals: Iterable[Refusal]) -> list[str]:
    found = list(refusals)
    assert all(one.message and one.hint for one in found)
    return [one.name for one in found]


def test_errors_of_the_check_refuse_and_what_is_intended_does_not() -> None:
    one = Finding(rule="policy/protected-namespace", layer="policy", severity="error", message="no")
    other = Finding(rule="reference/backend-missing", layer="reference", severity="error", message="no")
    meant = Finding(rule="reference/backend-missing", layer="reference", severity="info", message="intended: no")
    assert names(guard.checked([one, other, meant])) == ["protected-namespace", "check"]


def test_a_run_keeps_to_the_hours_of_the_policy_from_its_begin_to_its_deadline() -> None:
    policy = Policy(windows=(Window(from_="09:00", to="12:10", days=("mon", "wed")),))
    assert names(guard.in_time(policy, NOON, 300)) == []
    assert names(guard.in_time(policy, NOON, 900)) == ["time-window"]
    assert names(guard.in_time(policy, NOON + datetime.timedelta(days=1), 60)) == ["time-window"]
    assert names(guard.in_time(NO_POLICY, NOON, 900)) == []


def test_another_run_is_named_with_how_to_stop_it() -> None:
    (found,) = guard.free(Taken(run="other-1", who="anna", process="main 7 on host", renewed="now"))
    assert found.name == "another-run"
    assert "other-1 of anna" in found.message
    assert "aichaos stop other-1" in found.hint
    assert names(guard.free(None)) == []


@pytest.mark.parametrize(
    ("found", "pulled"),
    [
        (None, False),
        ({"data": {"state": "released"}}, False),
        ({"data": {"state": "pulled", "who": "anna", "why": "an incident"}}, True),
        ({"data": {"state": "Released"}}, True),
        ({"data": {}}, True),
        ({"data": None}, True),
        ({}, True),
    ],
)
def test_a_lever_that_does_not_say_released_is_pulled(found: Manifest | None, pulled: bool) -> None:
    judged = lever.judged(found, lever.place())
    assert judged.pulled is pulled
    assert names(guard.released(judged)) == (["lever"] if pulled else [])


def test_a_steady_state_that_is_not_met_and_an_abort_probe_that_can_not_tell_refuse() -> None:
    failed, unknown, fine = (Judged(probe="p", verdict=verdict, why="why") for verdict in ("fail", "no-data", "pass"))
    assert names(guard.steady([failed, unknown, fine], [fine])) == ["steady-state"]
    assert names(guard.steady([fine], [unknown])) == ["abort-probe"]


def test_a_missing_right_says_what_it_is_for() -> None:
    needed = Permission(verb="delete", group="g", resource="httproutes", namespace="shop", name="web", why="restore")
    missing = Right(verb="delete", group="g", resource="httproutes", namespace="shop", name="web")
    (found,) = guard.permitted([missing], [needed], "ask")
    assert (found.name, found.message) == ("rights", "you may not delete httproutes/web in shop (for restore)")


def rolling(**status: int) -> Manifest:
    return deployment(replicas=4) | {"status": status}


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        ({"replicas": 4, "updatedReplicas": 4, "readyReplicas": 4}, False),
        ({"replicas": 5, "updatedReplicas": 2, "readyReplicas": 4}, True),
        ({"replicas": 4, "updatedReplicas": 4, "readyReplicas": 3}, True),
    ],
)
def test_a_rollout_in_progress_refuses(status: dict[str, int], refused: bool) -> None:
    touched = [(ObjectRef("Deployment", "web", "shop"), rolling(**status))]
    assert names(guard.calm(touched, NO_POLICY)) == (["rollout"] if refused else [])
    assert names(guard.calm(touched, Policy(allow=("rollout",)))) == []


@pytest.mark.parametrize(("allowed", "refused"), [(2, False), (1, True), (0, True)])
def test_a_disruption_budget_is_not_broken(allowed: int, refused: bool) -> None:
    there = topology_of(pod("a", {"app": "web"}), pod("b", {"app": "web"}), pod("c", {"app": "other"}))
    budget = {"metadata": {"name": "b"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}, "status": {"disruptionsAllowed": allowed}}
    harmed = [(frozenset({("shop", "a"), ("shop", "b"), ("shop", "c")}), 3)]
    assert names(guard.budgets(there, harmed, [("shop", budget)], NO_POLICY)) == (["disruption-budget"] if refused else [])
    assert names(guard.budgets(there, harmed, [("shop", budget)], Policy(allow=("disruption-budget",)))) == []
    assert names(guard.budgets(there, [(frozenset({("shop", "c")}), 1)], [("shop", budget)], NO_POLICY)) == []


def test_shares_of_endpoints_and_routes_are_limited_by_the_policy() -> None:
    there = topology_of(service("web"), route("one"), route("two"), pod("a", {"app": "web"}), pod("b", {"app": "web"}))
    policy = Policy(max_endpoints=0.5, max_routes=0.5)
    both = frozenset({("shop", "a"), ("shop", "b")})
    assert names(guard.shares(there, [(both, 1)], ["shop/one"], policy)) == []
    assert names(guard.shares(there, [(both, 2)], ["shop/one", "shop/two"], policy)) == ["endpoints", "routes"]
    assert names(guard.shares(there, [(both, 2)], ["shop/one", "shop/two"], NO_POLICY)) == []


def test_one_fate_is_refused_unless_it_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert names(guard.one_fate(False, False)) == ["shared-fate"]
    assert names(guard.one_fate(True, False)) == names(guard.one_fate(False, True)) == []


class Silent:
    """A prober whose first questions get no answer in time. That this is what `slow` says, tests/measure/test_probes.py shows."""

    def __init__(self, silent: int, outcome: Literal["good", "bad"]) -> None:
        self.silent, self.outcome, self.asked = silent, outcome, 0

    def ask(self, probe: Probe) -> Sample:
        self.asked += 1
        if self.asked <= self.silent:
            return Sample(probe=probe.name, at=0.0, outcome="bad", why="no answer within 2s", slow=True)
        return Sample(probe=probe.name, at=0.0, outcome=self.outcome, seconds=0.01)


@pytest.mark.parametrize(
    ("silent", "outcome", "verdict", "questions"),
    [(2, "good", "pass", planning.LOOKS + 2), (9, "good", "fail", 9), (0, "bad", "fail", planning.LOOKS)],
)
def test_a_look_that_got_no_answer_in_time_is_taken_again_and_a_bad_answer_is_not(
    silent: int, outcome: Literal["good", "bad"], verdict: str, questions: int
) -> None:
    asking = Silent(silent, outcome)
    probe = Probe(name="web", http=HTTPProbe(url="http://web.example.com/"))
    (found,) = planning.asked(asking, [probe])  # type: ignore[arg-type]
    assert (found.verdict, found.good + found.bad, asking.asked) == (verdict, planning.LOOKS, questions)
