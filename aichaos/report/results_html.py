"""The results of a run as one HTML page that needs nothing else: no network, no script. For light and dark, a phone and a printer."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from aichaos.domain.results import Results
from aichaos.report import answered as bands
from aichaos.report.clean import clean
from aichaos.report.plots import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, plots
from aichaos.report.results import confidence, facts, judged, reach, rows, score, summary, unknown_metrics, unobserved
from aichaos.report.topology import drawing

if TYPE_CHECKING:
    import jinja2

MOST = 200
"""Rows of a table at most; how many are left out is said."""


def page(found: Results) -> str:
    """Everything about a run."""
    seen = [one for one in found.prediction if one.verdict != "not-observed"]
    told, like = judged(found)
    return clean(
        _template().render(
            found=found,
            title=found.title or found.experiment_name,
            verdict=told,
            like=like,
            reach=reach,
            unobserved=unobserved,
            unknown=unknown_metrics(found),
            summary=summary(found.summary) if found.summary else [],
            facts=facts(found),
            score=score(found.score),
            confidence=confidence(found.confidence),
            probes=[(probe, rows(probe), plots(found, probe), bands.answered(found, probe)) for probe in found.probes],
            seen=seen,
            unseen=len(found.prediction) - len(seen),
            alerts=[one for one in found.alerts if not one.before],
            drawing=drawing(found.ways),
            most=MOST,
            band={"height": bands.HEIGHT, "foretold": bands.FORETOLD + bands.BAND / 2 + 4, "came": bands.CAME + bands.BAND / 2 + 4},
            rest=bands.COLOURS,
            box={"width": WIDTH, "height": HEIGHT, "left": LEFT, "top": TOP, "bottom": BOTTOM},
        )
    )


@cache
def _template() -> "jinja2.Template":
    import jinja2  # only where a page is made

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string((files("aichaos.report") / "templates" / "results.html").read_text(encoding="utf-8"))
