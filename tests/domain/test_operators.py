"""Envoy's operators in values of headers: a real Envoy is given each of them, in every form, and has to take and refuse what we say."""

import json
import os
import random
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from aichaos.domain.operators import OPERATORS, broken, escaped, holds_operator
from tests.controlplane.cache import Missing, locate

ASKED = int(os.environ.get("AICHAOS_OPERATORS", "30"))
"""How many of those that are refused are asked; each takes an Envoy of its own. `make oracles` asks all."""
_FORMS = ("", "()", "(a)", ":3", "(a):3")
_ODD = (
    *("%REQ(x-a?x-b)%", "%REQ(?x)%", "%REQ(x?)%", "%REQ(a%b)%", "%REQ(x.y)%", "%REQ(x|y)%", "%REQ(a!#$&'*+^`~b)%", "%REQ(:path)%"),
    *("%REQ(a?:b)%", "%REQ(x):0%", "%REQ(x):18446744073709551615%", "%PATH(NQ:ORIG)%", "%PATH(WQ):3%", "%PATH(:PATH)%", "%PATH(:)%"),
    *("%QUERY_PARAMS(ORIG)%", "%GRPC_STATUS(NUMBER)%", "%METADATA(ROUTE:a)%", "%METADATA(ROUTE)%", "%COMMON_DURATION(a:b)%"),
    *("%COMMON_DURATION(a::ms)%", "%FILTER_STATE(a:)%", "%FILTER_STATE(a:FIELD:b:c)%", "%REQUESTED_SERVER_NAME(SNI_FIRST:HOST)%"),
    *("%START_TIME(a)b)%", "%START_TIME(%s)%", "%REQUESTED_SERVER_NAME(:)%", "%CEL(size(request.path))%", "50%% off", "%%%REQ(x)%"),
    *("%REQ(X A)%", "%REQ(x-a?x-b?x-c)%", "%REQ(a(b)%", "%REQ(a:b)%", "%REQ(X-Ü)%", "%REQ(x):18446744073709551616%", "%REQ(x):-1%"),
    *("%REQ (x)%", "% REQ(x)%", "%req(x)%", "%RESP(x a)%", "%PATH(NQ:X)%", "%PATH(wq)%", "%QUERY_PARAMS(DECODED:x)%", "%METADATA(:a)%"),
    *('%COALESCE({"operators": ["PROTOCOL"]})%', '%COALESCE({"a": 1})%', "%STREAM_INFO_REQ(x)%", "%COMMON_DURATION(a:b:)%", "%REQ(X)%%"),
    *("%REQ(a)%%REQ(b)%", "%REQ(a)b%", "%PROTOCOL%%", "a%PROTOCOL%b%%", "%%REQ(x)%%", "%RESPONSE_FLAGS_SHORT%", "% PROTOCOL %"),
    *("%GRPC_STATUS(number)%", "%COMMON_DURATION(a:b:hours)%", "%COMMON_DURATION(a:b:ms:x)%", "%FILTER_STATE(:PLAIN)%", "%X%", "%_X%"),
    *("%FILTER_STATE(a:NOPE)%", "%FILTER_STATE(a:FIELD)%", "%FILTER_STATE(a:PLAIN:b)%", "%REQUESTED_SERVER_NAME(SNI_ONLY:X)%", "%%%"),
    *(
        "%REQ_WITHOUT_QUERY(x)%",
        "%UPSTREAM_CX_RTT%",
        "%DOWNSTREAM_LOCAL_ADDR%",
        "%FILE_CONTENT(a)%",
        "50% off",
        "100%",
        "%a",
        "%PROTOCOL(%",
    ),
)
VALUES = (*(f"%{name}{form}%" for name in OPERATORS for form in _FORMS if name != "CEL" or "(a)" in form), *_ODD)


@pytest.fixture(scope="module")
def envoy() -> Path:
    found = locate("envoy")
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    return found.programs["envoy"]


def told(envoy: Path, folder: Path, values: Iterable[str]) -> str:
    """What Envoy says to a table of routes that sets these values; "" where it takes them all."""
    headers = [{"header": {"key": f"x-{place}", "value": value}} for place, value in enumerate(values)]
    route = {"match": {"prefix": "/"}, "directResponse": {"status": 200}, "requestHeadersToAdd": headers}
    extensions = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{extensions}.network.http_connection_manager.v3.HttpConnectionManager",
        "statPrefix": "http",
        "httpFilters": [{"name": "router", "typedConfig": {"@type": f"{extensions}.http.router.v3.Router"}}],
        "routeConfig": {"virtualHosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    address = {"socketAddress": {"address": "127.0.0.1", "portValue": 1}}
    listener = {"name": "one", "address": address, "filterChains": [{"filters": [{"name": "http", "typedConfig": manager}]}]}
    (folder / "envoy.json").write_text(json.dumps({"staticResources": {"listeners": [listener]}}), encoding="utf-8")
    command = [str(envoy), "--mode", "validate", "-c", str(folder / "envoy.json"), "--log-level", "error", "--disable-hot-restart"]
    done = subprocess.run([*command, "--concurrency", "1"], capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_what_we_take_envoy_takes(envoy: Path, tmp_path: Path) -> None:
    assert told(envoy, tmp_path, [value for value in VALUES if not broken(value)]) == ""


def test_what_we_refuse_envoy_refuses(envoy: Path, tmp_path: Path) -> None:
    refused = [value for value in VALUES if broken(value)]
    chosen = random.Random(140).sample(refused, min(ASKED, len(refused)))
    assert [value for value in chosen if told(envoy, tmp_path, [value]) == ""] == []


@pytest.mark.parametrize(
    ("value", "holds"), [("%REQ(x-a)%", True), ("a %PROTOCOL% b", True), ("50%% off", False), ("%NOPE%", False), ("plain", False)]
)
def test_whether_something_is_filled_in(value: str, holds: bool) -> None:
    assert holds_operator(value) is holds


@pytest.mark.parametrize(
    ("value", "expected"),
    [("50% off", "50%% off"), ("100%, 50%", "100%%, 50%%"), ("50%% off%", None), ("%REQ_WITHOUT_QUERY(x)%", None), ("%req(x)%:3", None)],
)
def test_a_percent_is_escaped_where_nobody_meant_an_operator(value: str, expected: str | None) -> None:
    assert escaped(value) == expected
