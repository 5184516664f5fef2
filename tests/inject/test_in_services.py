"""The wrapper where it is meant to stand: a scikit-learn model, a FastAPI service, a WSGI application, and their metrics."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import numpy
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import REGISTRY
from sklearn.linear_model import LinearRegression, LogisticRegression

from aichaos.inject import ASGIChaos, Chaos, ChaosModelWrapper, WSGIChaos, chaotic
from aichaos.inject.counters import NAME, counters
from aichaos.inject.middleware import HEADER
from tests.inject.asgi import ask

FEATURES = numpy.array([[0.0], [1.0], [2.0], [3.0]])


def test_a_classifier_answers_with_another_of_its_classes() -> None:
    fitted = LogisticRegression().fit(FEATURES, numpy.array(["ham", "ham", "spam", "spam"]))
    wrapped = ChaosModelWrapper(fitted, Chaos(wrong=1.0))
    right, wrong = fitted.predict(FEATURES), wrapped.predict(FEATURES)
    assert set(wrong) == {"ham", "spam"}
    assert all(one != other for one, other in zip(right, wrong, strict=True))
    assert list(wrapped.classes_) == ["ham", "spam"]


def test_a_regression_answers_with_other_numbers_of_its_type() -> None:
    fitted = LinearRegression().fit(FEATURES, numpy.array([1.0, 3.0, 5.0, 7.0]))
    right, wrong = fitted.predict(FEATURES), ChaosModelWrapper(fitted, Chaos(wrong=1.0)).predict(FEATURES)
    assert wrong.dtype == right.dtype
    assert wrong.shape == right.shape
    assert not numpy.isclose(right, wrong).any()


def service(chaos: Chaos) -> Any:
    app = FastAPI()

    @app.get("/predict")
    async def predict() -> dict[str, float]:
        return {"price": 7.5}

    app.add_middleware(ASGIChaos, chaos=chaos)
    return app


@pytest.mark.parametrize(
    ("chaos", "status", "injected", "body"),
    [
        (Chaos(enabled=False, exceptions=1.0), 200, None, {"price": 7.5}),
        (Chaos(exceptions=1.0), 500, "exception", {"error": "injected by aichaos: exception"}),
        (Chaos(timeouts=1.0, timeout_seconds=0.001), 504, "timeout", {"error": "injected by aichaos: timeout"}),
        (Chaos(wrong=1.0), 200, "wrong", {"price": -7.5}),
        (Chaos(latency=1.0, latency_seconds=0.001), 200, None, {"price": 7.5}),
    ],
    ids=["off", "exception", "timeout", "wrong", "latency"],
)
def test_a_fastapi_service_meets_what_was_asked_for(chaos: Chaos, status: int, injected: str | None, body: object) -> None:
    got, headers, text = ask(service(chaos), "/predict")
    assert (got, headers.get(HEADER), json.loads(text)) == (status, injected, body)
    assert int(headers["content-length"]) == len(text)


def page(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", environ["TYPE"]), ("Content-Length", "14")])
    return [b'{"price"', b": 7.5}"]


def answered(app: Any, kind: str = "application/json") -> tuple[str, dict[str, str], bytes]:
    held: list[Any] = []
    body = b"".join(app({"TYPE": kind}, lambda status, headers, exc_info=None: held.extend([status, dict(headers)])))
    return held[0], held[1], body


def test_a_wsgi_application_meets_the_same() -> None:
    assert WSGIChaos(page, Chaos(enabled=False)) is page
    status, headers, body = answered(WSGIChaos(page, Chaos(exceptions=1.0)))
    assert (status, headers[HEADER], json.loads(body)["error"]) == (
        "500 Internal Server Error",
        "exception",
        "injected by aichaos: exception",
    )
    status, headers, body = answered(WSGIChaos(page, Chaos(wrong=1.0)))
    assert (status, headers[HEADER], json.loads(body)) == ("200 OK", "wrong", {"price": -7.5})
    assert int(headers["Content-Length"]) == len(body)


def test_what_is_no_json_passes_as_it_is() -> None:
    status, headers, body = answered(WSGIChaos(page, Chaos(wrong=1.0)), "text/html")
    assert (status, HEADER in headers, body) == ("200 OK", False, b"".join(page({"TYPE": "text/html"}, lambda *rest: None)))


def test_a_stream_of_events_goes_on_streaming() -> None:
    """One that never ends, and of which nothing may be held back."""
    sent: list[Any] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"data: token\n\n"

    app = FastAPI()
    app.get("/tokens")(lambda: StreamingResponse(endless(), media_type="text/event-stream"))

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 4:
            raise Gone

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/tokens",
        "raw_path": b"/tokens",
        "query_string": b"",
        "headers": [],
        "root_path": "",
    }
    with contextlib.suppress(Gone):
        asyncio.run(ASGIChaos(app, Chaos(wrong=1.0))(scope | {"asgi": {"version": "3.0", "spec_version": "2.4"}}, receive, send))
    assert [message.get("body") for message in sent[1:]] == [b"data: token\n\n"] * 3


class Gone(Exception):
    """The client."""


def test_a_wsgi_stream_goes_on_streaming_and_is_closed() -> None:
    closed = []

    def endless(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/event-stream")])(b"late")
        try:
            while True:
                yield b"data: token\n\n"
        finally:
            closed.append(True)

    written: list[bytes] = []
    answer = WSGIChaos(endless, Chaos(wrong=1.0))({}, lambda status, headers, exc_info=None: written.append)
    assert list(itertools.islice(answer, 2)) == [b"data: token\n\n"] * 2
    assert written == [b"late"]
    answer.close()
    assert closed == [True]


def test_both_systems_of_metrics_count(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    monkeypatch.setattr("opentelemetry.metrics.get_meter", provider.get_meter)
    counters.cache_clear()
    known = REGISTRY._names_to_collectors.get(f"{NAME}_total")
    if known is not None:  # one process has one counter of a name
        REGISTRY.unregister(known)
    call = chaotic(lambda: 1, Chaos(wrong=1.0))
    assert [call() for _ in range(3)] == [-1, -1, -1]
    assert REGISTRY.get_sample_value(f"{NAME}_total", {"fault": "wrong"}) == 3
    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == NAME
    assert [(point.attributes, point.value) for point in metric.data.data_points] == [({"fault": "wrong"}, 3)]  # type: ignore[union-attr]
    provider.shutdown()
