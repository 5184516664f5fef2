"""The runs of one experiment beside each other: score and confidence over time, and where they are going."""

from collections.abc import Iterable

from aichaos.domain.results import History, Point, Results

_LEVEL = 5.0
"""Points by which the mean of the later half has to differ."""
_FEWEST = 4


def history(name: str, runs: Iterable[Results]) -> History:
    """Of the runs of the experiment of that name, sham runs left out."""
    mine = sorted((one for one in runs if one.experiment_name == name and not one.sham_run), key=lambda one: one.began)
    points = [Point(run=one.run, at=one.began, verdict=one.verdict, score=one.score.value, confidence=one.confidence.value) for one in mine]
    scored = [one.score for one in points if one.score is not None]
    if len(scored) < _FEWEST:
        text = f"{len(scored)} scored run{'s' * (len(scored) != 1)}: a trend takes {_FEWEST}"
        return History(experiment_name=name, points=points, trend="unknown", text=text)
    half = len(scored) // 2
    earlier, later = sum(scored[:half]) / half, sum(scored[-half:]) / half
    change = later - earlier
    text = f"the mean score went from {earlier:.0f} to {later:.0f} over {len(scored)} runs"
    return History(
        experiment_name=name, points=points, trend="better" if change > _LEVEL else "worse" if change < -_LEVEL else "level", text=text
    )
