"""Variables in header values: what we take for one, Envoy does, and what we take for a mistake, it refuses."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from aichaos.check.meaning.envoy_values import escaped, has_variable, lone_percent
from tests.controlplane.cache import Missing, locate

HEADER = "x-{}"
GOOD = [
    *(
        "%PROTOCOL%",
        "%PROTOCOL()%",
        "a%PROTOCOL%b%%",
        "%%",
        "100%%",
        "%%REQ(x)%%",
        "%REQ(x)%",
        "%REQ(:path)%",
        "%REQ(a?b)%",
        "%REQ(a?b):12%",
    ),
    *("%REQ(a)%%REQ(b)%", "%HOSTNAME%%PROTOCOL%", "%START_TIME(%s.%3f)%", "%START_TIME%", "%PATH%", "%PATH(WQ:PATH):3%", "%TRACE_ID%"),
    *("%TLS_JA3_FINGERPRINT%", "%DOWNSTREAM_PEER_CERT_V_START(%b %d)%", "%COMMON_DURATION(DS_RX_BEG:DS_RX_END:ms)%", "%QUERY_PARAM(q):2%"),
    *("%METADATA(ROUTE:a:b)%", "%FILTER_STATE(a:PLAIN):3%", "%UPSTREAM_METADATA(a:b)%", "%PER_REQUEST_STATE(a)%", "%CEL(request.path)%"),
    *(
        "%DYNAMIC_METADATA(a:b)%",
        "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "%UPSTREAM_HOST%",
        "%RESPONSE_CODE_DETAILS%",
        "%ENVIRONMENT(A)%",
    ),
    *("%DOWNSTREAM_WIRE_BYTES_SENT%", "%UPSTREAM_PEER_URI_SAN%", "%DOWNSTREAM_TLS_VERSION%", "%REQUEST_HEADER(a)%", "%ROUTE_NAME%"),
]
BAD = [
    *("50% off", "%NOPE%", "%req(x)%", "%REQ%", "%REQ()%", "%REQ(x", "%REQ(a)b%", "%%%", "%PROTOCOL%%", "%REQ(X)%%", "% PROTOCOL %", "%"),
    *("%PROTOCOL(a)%", "%PROTOCOL:3%", "%DOWNSTREAM_NOPE%", "%REQ_WITHOUT_QUERY(a)%", "%RESPONSE_FLAGS_SHORT%", "%DYNAMIC_METADATA%"),
]


@pytest.mark.parametrize("value", GOOD)
def test_what_envoy_fills_in_is_no_mistake(value: str) -> None:
    assert not lone_percent(value)
    assert has_variable(value) is (value.strip("10") not in ("%%", "%%REQ(x)%%"))


@pytest.mark.parametrize("value", BAD)
def test_any_other_percent_is_one(value: str) -> None:
    assert lone_percent(value)


def test_a_percent_is_doubled_only_where_no_variable_can_have_been_meant() -> None:
    assert escaped("50% off") == "50%% off"
    assert [escaped(value) for value in ("%NOPE%", "50% of %PROTOCOL%", "50%% or 60%")] == [None, None, None]
    assert not lone_percent("50%% off")


def test_envoy_says_the_same(tmp_path: Path) -> None:
    found = locate("envoy")
    if isinstance(found, Missing):
        pytest.skip(f"no Envoy here: {found.reason}")
    envoy = found.programs["envoy"]
    assert accepted(envoy, GOOD, tmp_path)
    assert [value for value in BAD if accepted(envoy, [value], tmp_path)] == []


def accepted(envoy: Path, values: Sequence[str], folder: Path) -> bool:
    """Whether Envoy takes a configuration that adds headers with these values."""
    headers = [{"header": {"key": HEADER.format(index), "value": value}} for index, value in enumerate(values)]
    routes = [{"match": {"prefix": "/"}, "direct_response": {"status": 200}, "response_headers_to_add": headers}]
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "a",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
        "route_config": {"virtual_hosts": [{"name": "a", "domains": ["*"], "routes": routes}]},
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 1}}
    file = folder / "envoy.json"
    file.write_text(json.dumps({"static_resources": {"listeners": [{"name": "a", "address": address, "filter_chains": [chain]}]}}), "utf-8")
    command = [str(envoy), "--mode", "validate", "--config-path", str(file), "--log-level", "error"]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
