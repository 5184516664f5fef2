"""`aichaos serve` as a person uses it: what it shows, live progress, the token, and its end."""

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from aichaos.domain.running import StepBegan
from aichaos.run import state
from tests.serving import patiently, runs
from tests.serving.conftest import TOKEN, Served

Start = Callable[..., Served]


def test_a_machine_without_runs_says_how_to_make_one(serve: Start) -> None:
    page = patiently.get(serve().url).text
    assert "Nothing was run from this machine yet" in page
    assert "aichaos run EXPERIMENT" in page


def test_the_list_leads_to_a_run_and_the_run_to_its_experiment(home: Path, serve: Start) -> None:
    runs.ended(home, "r-1")
    served = serve()
    listed = patiently.get(served.url)
    assert (listed.status_code, listed.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for word in ("r-1", "lose-a-pod", "completed", "verified", "pass", 'href="/runs/r-1"'):
        assert word in listed.text
    shown = patiently.get(f"{served.url}/runs/r-1").text
    for word in ("Lose a pod", "All requests are answered", "alice", "shop answers", "https://cluster.example.com", "wait more"):
        assert word in shown
    assert shown.index("<h2>What the data say</h2>") < shown.index("<h2>Steps</h2>"), "what came of it comes first"
    assert 'href="/experiments/lose-a-pod"' in shown
    assert "r-1" in patiently.get(f"{served.url}/experiments/lose-a-pod").text


def test_the_score_is_drawn_over_time(home: Path, serve: Start) -> None:
    for number in range(4):
        runs.ended(home, f"r-{number}", runs.experiment(promise=">= 50%"), 1_790_000_000 + number * 3600, bad=60 if number > 1 else 150)
    page = patiently.get(f"{serve().url}/experiments/lose-a-pod").text
    assert "the mean score went from " in page
    assert '<span class="word better">better</span>' in page
    assert page.count("<circle") == 4


def test_the_same_is_there_as_json(home: Path, serve: Start) -> None:
    runs.ended(home, "r-1")
    answer = patiently.get(f"{serve().url}/runs/r-1/results.json")
    assert answer.headers["content-type"] == "application/json"
    assert (answer.json()["run"], answer.json()["outcome"], answer.json()["restored"]) == ("r-1", "completed", "verified")


def test_a_run_without_its_process_says_how_to_finish_it(home: Path, serve: Start) -> None:
    runs.begun(home, "dead").close()
    assert "aichaos recover dead" in patiently.get(serve().url).text


def test_a_run_that_goes_is_seen_step_by_step(home: Path, serve: Start) -> None:
    kept = runs.begun(home, "r-live")
    served = serve()
    with state.working_on("r-live"):
        assert "Running now" in patiently.get(served.url).text
        page = patiently.get(f"{served.url}/runs/r-live").text
        assert '<span class="word">now</span> wait' in page
        assert '<span class="word">to come</span> wait more' in page
        with patiently.stream("GET", f"{served.url}/runs/r-live/events") as stream:
            events = (line for line in stream.iter_lines() if line.startswith("event:"))
            assert next(events) == "event: hello"
            kept.write(StepBegan(at=time.time(), number=2))
            assert next(events) == "event: changed"
        assert '<span class="word">now</span> wait more' in patiently.get(f"{served.url}/runs/r-live").text
    kept.close()


def test_a_thousand_runs_stay_fast(home: Path, serve: Start) -> None:
    for number in range(1000):
        runs.ended(home, f"r-{number:04}", at=1_700_000_000 + number * 100)
    served = serve()
    seconds = []
    for path in ("/", "/", "/?page=10", "/runs/r-0500", "/"):
        began = served.worked()
        assert patiently.get(f"{served.url}{path}").status_code == 200
        seconds.append(served.worked() - began)
    assert seconds[0] < 10, "the first look reads them all"
    assert max(seconds[1:]) < 1.5
    assert "page 1 of 10" in patiently.get(served.url).text


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15)])
def test_it_ends_at_once_and_without_a_word_too_many(number: int, code: int, home: Path, serve: Start) -> None:
    served = serve()
    open_stream = threading.Event()

    def listen() -> None:
        with patiently.stream("GET", f"{served.url}/events") as stream:
            for _ in stream.iter_lines():
                open_stream.set()

    thread = threading.Thread(target=lambda: _quiet(listen), daemon=True)
    thread.start()
    assert open_stream.wait(60)
    began = time.monotonic()
    ended, told = served.end(number)
    assert (ended, told) == (code, "no longer serving\n" if code == 130 else "")
    assert time.monotonic() - began < 30, "without waiting for who still listens"


def _quiet(what: Callable[[], None]) -> None:
    try:
        what()
    except httpx2.HTTPError:
        return


def test_a_taken_port_is_one_line(serve: Start, aichaos: Callable[..., object]) -> None:
    served = serve()
    done = aichaos("serve", "--port", str(served.port))
    assert (getattr(done, "returncode", 0), getattr(done, "stdout", "")) == (1, "")
    assert f"cannot listen on 127.0.0.1 port {served.port}" in getattr(done, "stderr", "")


@pytest.mark.parametrize(
    ("arguments", "token", "said"),
    [
        (["--host", "0.0.0.0"], "", "that needs a token"),
        (["--host", "::"], "", "that needs a token"),
        (["--host", "0.0.0.0", "--allow-stop"], "", "that needs a token"),
        (["--host", "0.0.0.0"], "short", "it needs 16 at least"),
        ([], "with a blank in it, long", "no header can carry"),
        (["--host", "example.com"], "", "it is an IP address"),
        (["--name", "--no-cluster"], "", "it is a host name"),
        (["--name", "chaos.example.com:80"], "", "it is a host name"),
    ],
)
def test_what_would_be_open_to_others_is_refused(arguments: list[str], token: str, said: str, aichaos: Callable[..., object]) -> None:
    done = aichaos("serve", *arguments, "--port", "0", **({"AICHAOS_SERVE_TOKEN": token} if token else {}))
    assert getattr(done, "returncode", 0) == 2
    assert said in getattr(done, "stderr", "")


def test_with_a_token_in_its_environment_looking_needs_it(home: Path, serve: Start) -> None:
    runs.ended(home, "r-1")
    served = serve("--host", "0.0.0.0", AICHAOS_SERVE_TOKEN=TOKEN)
    url = f"http://127.0.0.1:{served.port}"
    assert patiently.get(url).status_code == 401
    assert patiently.get(url, headers={"accept": "text/html"}).headers["location"] == "/login"
    assert patiently.get(url, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert "r-1" in patiently.get(url, headers={"authorization": f"Bearer {TOKEN}"}).text
    with patiently.Client(base_url=url, headers={"origin": url}) as client:
        assert client.post("/login", data={"token": "wrong"}).status_code == 403
        answer = client.post("/login", data={"token": TOKEN})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert TOKEN not in cookie
        assert "r-1" in client.get("/").text
    assert TOKEN not in json.dumps(dict(answer.headers))
