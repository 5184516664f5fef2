"""The windows of a run come from its journal, whole or cut short."""

from aichaos.measure.windows import Finder, Moments, windows

WHOLE = Moments(opened=0.0, steps=[(1, "create", 10.0), (2, "wait", 10.5)], restoring=20.0, restored=21.0, ended=26.0)


def test_a_whole_run_has_all_windows() -> None:
    found = [(one.kind, one.start, one.end) for one in windows(WHOLE)]
    assert found == [
        ("baseline", 0.0, 10.0),
        ("during", 10.0, 20.0),
        ("step", 10.0, 10.5),
        ("step", 10.5, 20.0),
        ("restoring", 20.0, 21.0),
        ("after", 21.0, 26.0),
    ]


def test_a_run_that_was_cut_short_ends_where_it_is_last_known() -> None:
    found = windows(Moments(opened=0.0, steps=[(1, "create", 10.0)], ended=12.0))
    assert [(one.kind, one.end) for one in found] == [("baseline", 10.0), ("during", 12.0), ("step", 12.0)]


def test_a_run_that_never_began_has_only_what_was_before() -> None:
    assert [one.kind for one in windows(Moments(opened=0.0, ended=3.0))] == ["baseline"]


def test_a_moment_belongs_to_its_window_and_its_step() -> None:
    finder = Finder(windows(WHOLE))
    assert [[one.kind for one in finder.of(at)] for at in (-1.0, 5.0, 10.2, 15.0, 20.5, 99.0)] == [
        ["baseline"],
        ["baseline"],
        ["during", "step"],
        ["during", "step"],
        ["restoring"],
        ["after"],
    ]
    assert finder.of(15.0)[1].number == 2


def test_a_clock_that_was_set_back_breaks_nothing() -> None:
    back = Moments(opened=100.0, steps=[(1, "create", 90.0), (2, "wait", 89.0)], restoring=80.0, restored=79.0, ended=70.0)
    assert all(one.seconds >= 0 for one in windows(back))
    assert Finder(windows(back)).of(85.0)
