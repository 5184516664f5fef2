"""Whoever can send bytes to the dashboard, and whoever can put a name into a cluster: neither gets further than a page of text."""

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving import patiently, runs
from tests.serving.conftest import Served, dashboards

Start = Callable[..., Served]
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x1b[31m\u202e"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests here: none of them may change what the next one sees."""
    home = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AICHAOS_STATE_DIR", str(home))
        runs.ended(home, "r-1")
    with dashboards(home, tmp_path_factory.mktemp("around")) as start:
        yield start("--allow-stop")


def raw(served: Served, request: bytes, seconds: float = 60) -> bytes:
    """What comes back for these very bytes; b"" where nothing does."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=seconds) as connection:
        connection.sendall(request)
        pieces = []
        with suppress(ConnectionResetError, TimeoutError):
            while piece := connection.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def get(path: bytes, host: bytes = b"localhost", more: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n" + more + b"\r\n"


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_names_of_strangers_are_text_on_every_page(home: Path, serve: Start) -> None:
    runs.ended(home, "r-1", runs.experiment(name=SCRIPT, title=SCRIPT, hypothesis=SCRIPT), who=SCRIPT)
    served = serve()
    for path in ("/", "/runs/r-1", f"/?experiment={quote(SCRIPT)}", f"/experiments/{quote(SCRIPT, safe='')}"):
        page = patiently.get(f"{served.url}{path}").text
        assert "alert(1)" in page, "it is shown"
        tags = Tags(page).found
        assert [attributes for tag, attributes in tags if tag == "script"] == [{"src": "/static/live.js", "defer": None}]
        assert not {"img", "iframe", "style", "object", "base"} & {tag for tag, _ in tags}
        assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "style"]
        assert "\x1b" not in page
        assert "\u202e" not in page


def test_every_answer_forbids_what_a_page_could_do(served: Served) -> None:
    for path in ("/", "/runs/r-1", "/nowhere", "/static/live.js", "/runs/r-1/results.json"):
        headers = patiently.get(f"{served.url}{path}").headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert (headers["x-content-type-options"], headers["x-frame-options"], headers["cache-control"]) == ("nosniff", "DENY", "no-store")
        assert "server" not in headers


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example.com",
        b"localhost.evil.example.com",
        b"127.0.0.1.nip.io",
        b"",
        b"[::1",
        b"localhost@evil.example.com",
        b"evil.example.com#localhost",
        b"2130706433.example",
    ],
)
def test_another_host_is_not_served(served: Served, host: bytes) -> None:
    assert status(raw(served, get(b"/", host))) in (400, 421)


def test_two_hosts_are_none(served: Served) -> None:
    assert status(raw(served, get(b"/", b"localhost", b"Host: evil.example.com\r\n"))) in (400, 421)


@pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:9", b"127.0.0.1:1", b"[::1]:8090"])
def test_addresses_and_localhost_are_served_whatever_the_port(served: Served, host: bytes) -> None:
    assert status(raw(served, get(b"/", host))) == 200


def test_a_name_may_be_allowed(serve: Start) -> None:
    served = serve("--name", "Chaos.example.com")
    assert status(raw(served, get(b"/", b"chaos.example.com"))) == 200
    assert status(raw(served, get(b"/", b"other.example.com"))) == 421


@pytest.mark.parametrize(
    "path",
    [
        b"/runs/../../../../etc/passwd",
        b"/runs/..%2f..%2f..%2fetc%2fpasswd",
        b"/runs/%2e%2e/results.json",
        b"/runs/.hidden",
        b"/runs/r-1%00",
        b"/runs/r-1%0d%0aSet-Cookie:x",
        b"/static/../app.py",
        b"/static/%2e%2e%2fapp.py",
        b"/static/..%5capp.py",
        b"//etc/passwd",
        b"/runs/" + b"a" * 5000,
        b"/runs/%ff%fe",
        b"/experiments/%00",
        b"http://evil.example.com/",
        b"/runs/r-1/results.json/..",
        b"/runs/r-1/events/x",
    ],
)
def test_no_path_leads_elsewhere(served: Served, path: bytes) -> None:
    answer = raw(served, get(path))
    assert status(answer) in (400, 404, 421)
    assert b"root:" not in answer
    assert b"import " not in answer


def test_random_requests_never_break_it(served: Served) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(st.binary(max_size=200), st.booleans())
    def ask(text: bytes, whole: bool) -> None:
        answer = raw(served, get(b"/" + text.replace(b" ", b"%20")) if whole else text + b"\r\n\r\n", seconds=0.2)
        assert status(answer) not in (500, 502)
        assert b"Traceback" not in answer

    ask()
    assert served.process.poll() is None
    assert patiently.get(served.url).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "X"])
def test_other_methods_are_refused(served: Served, method: str) -> None:
    assert patiently.request(method, f"{served.url}/runs/r-1/stop").status_code == 405


def stop(served: Served, token: str, **headers: str) -> int:
    return patiently.post(f"{served.url}/runs/r-1/stop", data={"token": token}, headers=headers).status_code


def test_a_run_is_stopped_only_by_our_own_form_with_the_token(served: Served) -> None:
    assert stop(served, served.token) == 403, "no Origin"
    assert stop(served, served.token, origin="http://evil.example.com") == 403
    assert stop(served, served.token, origin="null") == 403
    assert stop(served, served.token, origin=f"http://127.0.0.1:{served.port + 1}") == 403
    assert stop(served, "wrong", origin=served.url) == 403
    assert stop(served, "", origin=served.url) == 403
    assert stop(served, served.token[:-1], origin=served.url) == 403
    assert stop(served, served.token, origin=served.url) == 502, "the right one comes as far as the cluster, which is not there"


def test_without_leave_nothing_can_be_stopped(home: Path, serve: Start) -> None:
    runs.ended(home, "r-1")
    served = serve(AICHAOS_SERVE_TOKEN="open-sesame-0123456789")
    bearer = {"authorization": "Bearer open-sesame-0123456789", "origin": served.url}
    answer = patiently.post(f"{served.url}/runs/r-1/stop", data={"token": "open-sesame-0123456789"}, headers=bearer)
    assert answer.status_code == 403
    assert "<form" not in patiently.get(f"{served.url}/runs/r-1", headers=bearer).text


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"x" * 100_000, "application/x-www-form-urlencoded", 413),
        (b'{"token": "x"}', "application/json", 415),
        (b"token=x", "text/plain", 415),
        ("token=\xe9".encode(), "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=%d" % number for number in range(50)), "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_form_is_small_and_a_form(served: Served, body: bytes, kind: str, code: int) -> None:
    headers = {"origin": served.url, "content-type": kind}
    assert patiently.post(f"{served.url}/runs/r-1/stop", content=body, headers=headers).status_code == code


def test_a_wrong_token_costs_time_whichever_it_is(served: Served) -> None:
    began = time.monotonic()
    stop(served, "x" * 32, origin=served.url)
    assert time.monotonic() - began >= 0.5


def test_a_head_that_is_too_long_is_refused(served: Served) -> None:
    answer = raw(served, get(b"/", more=b"X-Long: " + b"a" * 200_000 + b"\r\n"))
    assert status(answer) in (0, 400, 431)
    assert patiently.get(served.url).status_code == 200


def test_slow_clients_are_hung_up_on_and_keep_nobody_waiting(served: Served) -> None:
    began = time.monotonic()
    slow = [socket.create_connection(("127.0.0.1", served.port), timeout=60) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: loc")
    assert patiently.get(served.url).status_code == 200
    assert select.select(slow[-1:], [], [], 0)[0] == [], "the answer came before the slow ones were given up"
    assert slow[0].recv(100) == b""
    assert time.monotonic() - began > 8
    for connection in slow:
        connection.close()


def test_a_head_has_no_body_and_ends(served: Served) -> None:
    for path in ("/", "/events", "/runs/r-1", "/static/style.css"):
        answer = patiently.head(f"{served.url}{path}")
        assert (answer.status_code, answer.content) == (200, b"")


def test_streams_are_limited(served: Served) -> None:
    opened = []
    codes = []
    for _ in range(40):
        connection = socket.create_connection(("127.0.0.1", served.port), timeout=60)
        connection.sendall(get(b"/events"))
        codes.append(status(connection.recv(400)))
        opened.append(connection)
    assert set(codes) == {200, 503}
    assert patiently.get(served.url).status_code == 200
    for connection in opened:
        connection.close()


@pytest.mark.parametrize("text", [b"", b"\x00\xff", b"{}", b'{"entry": {"entry": "opened"}, "sign": ""}\n', b"[" * 100_000])
def test_a_spoiled_journal_spoils_its_own_page_only(home: Path, serve: Start, text: bytes) -> None:
    runs.ended(home, "r-1")
    folder = home / "runs" / "bad"
    folder.mkdir()
    (folder / "journal.jsonl").write_bytes(text)
    served = serve()
    assert "r-1" in patiently.get(served.url).text
    assert patiently.get(f"{served.url}/runs/bad").status_code == 404
