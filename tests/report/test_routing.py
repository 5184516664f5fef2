"""Answers in one line."""

import io

from aichaos.domain.prediction import Answer, BackendShare, Brief, RequestLine
from aichaos.report.layout import Paper
from aichaos.report.routing import answer, headline


def forward(*split: BackendShare) -> Answer:
    return Answer(outcome="forward", backends=split)


def share(name: str, part: float, status: int | None = None, ready: int = 1) -> BackendShare:
    return BackendShare(service=f"shop/{name}", port=80, share=part, ready_endpoints=ready, status=status)


def test_the_part_that_fails_is_told_with_its_status() -> None:
    assert headline(forward(share("v1", 1.0))) == "goes to shop/v1:80"
    assert headline(forward(share("v1", 0.5), share("v2", 0.5))) == "goes to shop/v1:80 50 %, shop/v2:80 50 %"
    assert headline(forward(share("v1", 0.5), share("gone", 0.5, 500))) == "goes to shop/v1:80 50 %, 500 for shop/gone:80 50 %"
    lost = BackendShare(service=None, port=None, share=0.25, status=503)
    assert headline(forward(share("v1", 0.75), lost)) == "goes to shop/v1:80 75 %, 503 for an invalid reference 25 %"


def test_what_reads_the_same_is_called_the_same() -> None:
    stream = io.StringIO()
    found = Answer(
        outcome="error",
        status=500,
        backends=(share("v1", 1.0, 500, 0),),
        implementation="envoy-gateway",
        implementations={"contour": Brief(outcome="error", status=500), "istio": Brief(outcome="error", status=404)},
    )
    answer(RequestLine(url="http://a/"), found, Paper(stream))
    assert "  contour  the same\n  istio    404, answered by the gateway itself\n" in stream.getvalue()


def test_two_that_are_left_to_chance_are_not_called_the_same() -> None:
    stream = io.StringIO()
    chance = Brief(outcome="implementation-specific")
    found = Answer(outcome="implementation-specific", implementation="istio", implementations={"contour": chance})
    answer(RequestLine(url="http://a/"), found, Paper(stream))
    assert "  contour  may go one way or the other\n" in stream.getvalue()
