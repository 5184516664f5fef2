"""A run is read from its folder, whatever is left of it; what is missing is said, and nothing is made up."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.domain.about import ABOUT, REPORT
from aichaos.domain.results import Results
from aichaos.domain.running import Closed, Restoring
from aichaos.errors import FileError
from aichaos.measure.history import history
from aichaos.measure.samples import NAME
from aichaos.records import past
from aichaos.report.results import facts, judged
from aichaos.run import state
from aichaos.run.state import JOURNAL
from tests.measure.folders import BACK, BEGAN, ENDED, FIRST, PROBE, answers, experiment, folder, prediction, to, write

GOOD = answers("shop", 0, ENDED)
BROKEN = [*answers("shop", 0, FIRST + 5), *answers("shop", FIRST + 5, FIRST + 15, outcome="bad", why="no answer", seconds=None)]
BROKEN += answers("shop", FIRST + 15, ENDED)


def probe(**more: Any) -> dict[str, Any]:
    return PROBE | more


def whole(home: Path, *, samples: Any = GOOD, **more: Any) -> Results:
    return past.results(folder(home, samples=samples, **more))


def test_a_whole_run_lacks_nothing(tmp_path: Path) -> None:
    found = whole(tmp_path, foretold=prediction(*[to("shop/web")] * 4))
    assert (found.outcome, found.restored, found.verdict, found.missing) == ("completed", "verified", "pass", [])
    during = found.probes[0].window("during")
    assert during is not None
    assert during.samples == 300
    assert [one.object for one in found.changes] == ["Service/shop/web"]
    assert msgspec.json.decode(msgspec.json.encode(found), type=Results) == found


def test_what_went_wrong_is_timed_from_the_first_step(tmp_path: Path) -> None:
    found = whole(tmp_path, samples=BROKEN)
    (one,) = found.probes
    assert one.time_to_detect == pytest.approx(5.0)
    assert one.time_to_recover == pytest.approx(10.0, abs=0.11)
    assert (found.verdict, one.objectives[0].sure) == ("fail", True)


@pytest.mark.parametrize(("limit", "verdict"), [("10.5s", "pass"), ("9s", "fail")])
def test_recovery_within_a_time_is_measured(tmp_path: Path, limit: str, verdict: str) -> None:
    found = whole(tmp_path, samples=BROKEN, made=experiment(probe(slo=[f"recreated within {limit}"])))
    assert found.verdict == verdict


def test_a_recovery_that_was_not_watched_long_enough_is_no_data(tmp_path: Path) -> None:
    lasting = [*answers("shop", 0, FIRST), *answers("shop", FIRST, ENDED, outcome="bad", why="no answer")]
    made = experiment(probe(tolerance={"recovery": "<= 60s"}))
    assert whole(tmp_path / "short", samples=lasting, made=made).verdict == "no-data"
    made = experiment(probe(tolerance={"recovery": "<= 30s"}))
    assert whole(tmp_path / "long", samples=lasting, made=made).verdict == "fail"


def test_a_restore_long_after_the_run_was_cut_off_is_no_time_in_which_it_was_watched(tmp_path: Path) -> None:
    """`aichaos recover` an hour later: nobody asked meanwhile, so that a promise of a minute is not known to be broken."""
    lasting = [*answers("shop", 0, FIRST), *answers("shop", FIRST, FIRST + 5, outcome="bad", why="no answer")]
    path = folder(tmp_path, samples=lasting, whole=False, made=experiment(probe(tolerance={"recovery": "<= 60s"})))
    late = BEGAN + 3600
    before = (path / JOURNAL).read_bytes()
    write(
        path / JOURNAL, [Restoring(at=late, who="recover", generation=2, pid=1), Closed(at=late + 1, outcome="failed", restored="verified")]
    )
    (path / JOURNAL).write_bytes(before + (path / JOURNAL).read_bytes())
    found = past.results(path)
    assert (found.outcome, found.restored, found.verdict) == ("failed", "verified", "no-data")


@pytest.mark.parametrize(
    ("who", "said"), [("watchdog", "its watchdog"), ("recover", "`aichaos recover`"), ("in-cluster", "the guard in the cluster")]
)
def test_of_a_run_whose_process_died_it_is_said_so_and_who_restored_it(tmp_path: Path, who: str, said: str) -> None:
    path = folder(tmp_path, samples=GOOD, whole=False)
    before = (path / JOURNAL).read_bytes()
    began = Restoring(at=BEGAN + BACK, who=who, generation=2, pid=1)
    write(path / JOURNAL, [began, Closed(at=BEGAN + BACK + 1, outcome="failed", restored="verified")])
    (path / JOURNAL).write_bytes(before + (path / JOURNAL).read_bytes())
    found = past.results(path)
    assert (found.outcome, found.restored) == ("failed", "verified")
    assert f"it ended early: its process died; {said} began to put everything back" in {one.text for one in found.observations}
    assert judged(found)[0].startswith("As far as it went: the hypothesis held")


def test_that_all_are_good_is_sure_from_enough_of_them(tmp_path: Path) -> None:
    few = whole(tmp_path / "few", samples=answers("shop", 0, ENDED, each=1.0))
    assert [whole(tmp_path).probes[0].objectives[0].sure, few.probes[0].objectives[0].sure] == [True, False]


def test_one_bad_answer_of_many_is_no_sign_of_an_effect(tmp_path: Path) -> None:
    one = [*GOOD, *answers("shop", FIRST + 5, FIRST + 5.1, outcome="bad")]
    found = whole(tmp_path, samples=one, made=experiment(probe(tolerance={"success": ">= 99%"})))
    assert (found.verdict, found.score.value) == ("pass", None)


def test_what_is_to_be_reached_is_timed_from_the_first_step(tmp_path: Path) -> None:
    opens = [*answers("shop", 0, FIRST + 4, outcome="bad"), *answers("shop", FIRST + 4, ENDED)]
    for limit, verdict in (("5s", "pass"), ("3s", "fail")):
        found = whole(tmp_path / limit, samples=opens, made=experiment(probe(slo=[f"circuit breaker opens within {limit}"])))
        assert found.verdict == verdict, found.probes[0].objectives


def test_probes_that_time_out_throughout_are_a_failure_with_its_reason(tmp_path: Path) -> None:
    found = whole(tmp_path, samples=answers("shop", 0, ENDED, outcome="bad", seconds=None, why="no answer within 2s"))
    assert (found.verdict, "no answer within 2s" in found.verdict_why) == ("fail", True)
    assert found.probes[0].window("during").p95.note == "no data"  # type: ignore[union-attr]
    assert found.score.value is None, "it was so before: nothing shows that the fault reached it"
    assert found.score.why.startswith("a promise was broken, by too few answers or as before the change: nothing shows")


def test_answers_that_tell_nothing_are_no_data(tmp_path: Path) -> None:
    found = whole(tmp_path, samples=answers("shop", 0, ENDED, outcome="none", why="no Prometheus is named"))
    assert (found.verdict, found.score.value, found.confidence.word) == ("no-data", None, "low")
    assert "no Prometheus is named" in found.verdict_why


TWO = {"name": "errors", "prometheus": {"query": "errors", "expect": "< 1"}}
UNTOLD = answers("errors", 0, ENDED, each=0.5, outcome="none", why="the query has no result")
TOLD = answers("errors", 0, ENDED, each=0.5)


def test_a_promise_that_nobody_could_measure_is_not_known_to_have_held(tmp_path: Path) -> None:
    """One was kept under an effect that was seen, of the other there are no data: no pass, half of the confidence, and both are said."""
    made = experiment(probe(tolerance={"success": ">= 50%"}), TWO)
    measured = whole(tmp_path / "measured", samples=[*BROKEN, *TOLD], made=made)
    found = whole(tmp_path / "untold", samples=[*BROKEN, *UNTOLD], made=made)
    assert (measured.verdict, found.verdict) == ("pass", "no-data")
    assert found.verdict_why == "errors: the query has no result"
    assert (measured.score.value, measured.score.why) == (100, "")
    assert (found.score.value, found.score.why) == (100, "without 1 of 2 promises, of which there are no data")
    part = found.confidence.parts[1]
    assert (part.name, part.value) == ("measured", 0.5)
    assert part.why == "1 of 2 promises could be judged; 300 of 360 answers tell something"
    assert found.confidence.value == pytest.approx(measured.confidence.value / 2, abs=0.01)


def test_answers_that_tell_nothing_take_from_the_confidence_as_many_as_they_are(tmp_path: Path) -> None:
    half = [*answers("errors", 0, FIRST + 15, each=0.5), *(one for one in UNTOLD if one.at >= BEGAN + FIRST + 15)]
    made = experiment(TWO)
    found = whole(tmp_path, samples=half, made=made)
    assert found.verdict == "pass"
    assert found.confidence.parts[1].value == pytest.approx(0.5, abs=0.02)


def test_a_broken_promise_is_a_failure_whatever_else_could_not_be_told(tmp_path: Path) -> None:
    found = whole(tmp_path, samples=[*BROKEN, *UNTOLD], made=experiment(probe(), TWO))
    assert (found.verdict, found.score.why) == ("fail", "without 1 of 2 promises, of which there are no data")


def test_a_run_without_an_effect_gets_no_score_and_little_confidence(tmp_path: Path) -> None:
    found = whole(tmp_path)
    assert (found.verdict, found.score.value, found.confidence.word) == ("pass", None, "low")


def test_a_run_that_was_cut_short_is_told_as_far_as_it_went(tmp_path: Path) -> None:
    path = folder(tmp_path, samples=answers("shop", 0, FIRST + 3), whole=False)
    with (path / NAME).open("ab") as file:
        file.write(b'{"probe":"shop","at":1')
    with (path / JOURNAL).open("ab") as file:
        file.write(b'{"entry":{"entry":"restor')
    found = past.results(path)
    assert (found.outcome, found.complete, found.restored) == ("unfinished", False, "unknown")
    assert any("cut short" in text for text in found.missing)
    assert found.windows[-1].end == pytest.approx(BEGAN + FIRST + 2.9, abs=0.01)
    assert found.observations[0].text == "nobody has restored it yet: aichaos recover r-1"


def test_a_run_of_an_older_version_is_told_from_its_report(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / ABOUT).unlink()
    (path / NAME).unlink()
    older = msgspec.json.decode((path / REPORT).read_bytes()) | {"samples": [msgspec.to_builtins(one) for one in GOOD]}
    (path / REPORT).write_bytes(msgspec.json.encode(older))
    found = past.results(path)
    assert found.verdict == "pass"
    assert found.probes[0].window("during").samples == 300  # type: ignore[union-attr]
    assert any("there is no about.json" in text for text in found.missing)
    assert any("those of its report are taken" in text for text in found.missing)


@pytest.mark.parametrize("name", [ABOUT, REPORT, NAME])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[]", b"{}\n", b'{"version": 99, "probe": 7}\n'])
def test_a_file_that_is_spoiled_is_missing_and_said(tmp_path: Path, name: str, content: bytes) -> None:
    path = folder(tmp_path, samples=GOOD)
    (path / name).write_bytes(content)
    found = past.results(path)
    assert found.missing
    assert found.run == "r-1"


def test_lines_of_a_journal_that_another_version_wrote_are_passed_over_and_said(tmp_path: Path) -> None:
    path = folder(tmp_path, samples=GOOD)
    with (path / JOURNAL).open("ab") as file:
        file.write(b'{"entry":{"entry":"unheard-of","at":1},"sign":"0"}\n')
    found = past.results(path)
    assert found.verdict == "pass"
    assert any("1 line of the journal can't be read" in text for text in found.missing)


def test_a_folder_without_a_journal_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        past.results(tmp_path)


def test_a_run_without_a_baseline_says_so(tmp_path: Path) -> None:
    found = whole(tmp_path, samples=answers("shop", FIRST, ENDED))
    assert any("there is no baseline" in text for text in found.missing)
    assert found.probes[0].effects == []


# prediction, sham, history ---------------------------------------------------------------------------------------------------------

GONE = prediction(to("shop/web"), to(status=503), to(status=503), to("shop/web"))


def asked(start: float, end: float, **fields: Any) -> list[Any]:
    return answers("request", start, end, each=1.0, **fields)


def test_answers_that_came_as_foretold_agree_and_show_that_something_happened(tmp_path: Path) -> None:
    came = [*asked(0, FIRST, status=200, backend="shop/web"), *asked(FIRST, BACK, status=503)]
    came += asked(BACK + 3, ENDED, status=200, backend="shop/web")
    found = whole(tmp_path, samples=[*GOOD, *came], foretold=GONE)
    assert [one.verdict for one in found.prediction] == ["agrees", "not-observed", "agrees", "agrees"]
    assert found.prediction[2].observed.startswith("503")
    assert found.score.value == 100
    assert found.confidence.parts[0].value == 1.0


def test_an_answer_that_came_otherwise_is_the_first_thing_that_is_said(tmp_path: Path) -> None:
    came = asked(0, ENDED, status=200, backend="shop/web")
    found = whole(tmp_path, samples=[*BROKEN, *came], foretold=GONE)
    assert [one.verdict for one in found.prediction] == ["agrees", "not-observed", "differs", "agrees"]
    assert found.observations[0].kind == "difference"
    assert "foretold 503" in found.observations[0].text


def test_stragglers_and_shares_within_their_intervals_are_no_difference(tmp_path: Path) -> None:
    half = prediction(*[to("shop/a", "shop/b")] * 4)
    came = [one for number in range(60) for one in asked(number, number + 1, status=200, backend=f"shop/{'ab'[number % 2]}")]
    found = whole(tmp_path, samples=[*GOOD, *came], foretold=half)
    assert {one.verdict for one in found.prediction} == {"agrees", "not-observed"}
    other = [one for number in range(60) for one in asked(number, number + 1, status=200, backend="shop/a")]
    found = whole(tmp_path / "other", samples=[*GOOD, *other], foretold=half)
    assert found.prediction[2].verdict == "differs"


def test_answers_of_which_none_was_foretold_are_a_difference_however_few_were_asked(tmp_path: Path) -> None:
    """Half to each of two backends was foretold; one of them answers, and the gateway says 503 for the other."""
    half = prediction(*[to("shop/a", "shop/b")] * 4)
    others: list[dict[str, Any]] = [{"status": 503}, {"status": 200, "backend": "shop/c"}, {"outcome": "bad", "seconds": None}]
    for place, other in enumerate(others):
        came = asked(FIRST, BACK - 25, status=200, backend="shop/a") + asked(BACK - 25, BACK - 24, status=200, backend="shop/b")
        came += asked(BACK - 24, BACK - 20, **other)
        found = whole(tmp_path / str(place), samples=[*GOOD, *came], foretold=half)
        assert found.prediction[2].verdict == "differs", found.prediction[2]
        assert "not foretold" in found.prediction[2].why
        assert found.observations[0].kind == "difference"


def test_an_error_that_a_backend_gives_in_its_own_name_is_its_answer(tmp_path: Path) -> None:
    half = prediction(*[to("shop/a", "shop/b")] * 4)
    came = [one for number in range(60) for one in asked(number, number + 1, status=503, backend=f"shop/{'ab'[number % 2]}")]
    assert whole(tmp_path, samples=[*GOOD, *came], foretold=half).prediction[2].verdict == "agrees"


def test_a_run_is_compared_with_the_sham_run_beside_it(tmp_path: Path) -> None:
    folder(tmp_path, "sham", samples=GOOD, sham=True, changed=False, began=BEGAN - 500)
    folder(tmp_path, "other", samples=BROKEN, sham=True, changed=False, made=experiment(title="Another"), began=BEGAN - 400)
    found = whole(tmp_path, samples=BROKEN)
    assert found.sham is not None
    assert (found.sham.run, found.sham.verdict) == ("sham", "effect")
    calm = past.results(folder(tmp_path, "r-2", samples=GOOD))
    assert calm.sham is not None
    assert calm.sham.verdict == "no-effect"


def test_a_sham_run_has_no_score_of_its_own(tmp_path: Path) -> None:
    found = past.results(folder(tmp_path, samples=BROKEN, sham=True, changed=False))
    assert (found.score.value, found.confidence.value) == (None, 0.0)


def test_scores_over_time_have_a_trend(tmp_path: Path) -> None:
    better = [BROKEN, BROKEN, None, None]
    came = [*asked(0, FIRST, status=200, backend="shop/web"), *asked(FIRST, BACK, status=503)]
    runs = [
        past.results(folder(tmp_path, f"r-{number}", samples=[*(one or GOOD), *came], foretold=GONE, began=BEGAN + number * 1000))
        for number, one in enumerate(better)
    ]
    found = history("trial", reversed(runs))
    assert [one.run for one in found.points] == ["r-0", "r-1", "r-2", "r-3"]
    assert found.trend == "better"
    assert history("trial", runs[:3]).trend == "unknown"
    assert history("another", runs).points == []


def test_a_run_that_still_goes_is_not_called_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICHAOS_STATE_DIR", str(tmp_path))
    path = folder(tmp_path, samples=answers("shop", 0, FIRST + 3), whole=False)
    with state.working_on(path.name):
        found = past.results(path)
    assert (found.outcome, found.restored) == ("running", "unknown")
    assert [text for text in found.missing if "cut short" in text or "report.json" in text] == []
    assert "the run still goes: all is told as far as it has come" in found.missing
    assert judged(found)[0].startswith("So far: ")
    assert [row for row in facts(found) if row[0] in ("running", "ended", "restored")] == [
        ("running", f"for {found.ended - found.began:.0f} s so far"),
        ("restored", "not yet"),
    ]
