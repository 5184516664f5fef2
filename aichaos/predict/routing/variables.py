"""Envoy's operators (`%REQ(x-a)%`) in the values of header filters: which there are, and what they give where a request is changed.

Source: Envoy 1.40, "Access log format", "Custom request/response headers"; asked of a running one. Contour 1.33, `escapeHeaderValue`.
"""

import re
from collections.abc import Iterable

from aichaos.domain.patterns import pattern
from aichaos.predict.routing.request import Request

_OPERATOR = r"%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::([0-9]+))?%"
_FORMAT = pattern(f"%%|{_OPERATOR}|%")
"""A value as Envoy reads it: `%%` is a %, `%NAME(what):most%` an operator, and a single % makes it no format string."""
_OF_CONTOUR = pattern(
    r"%(?:(REQ)\((:?[\w-]+(?:\?:?[\w-]+)?)\)(?::(\d+))?|(PROTOCOL|HOSTNAME|UPSTREAM_REMOTE_ADDRESS|RESPONSE_FLAGS|RESPONSE_CODE_DETAILS"
    r"|DOWNSTREAM_(?:(?:REMOTE|LOCAL)_ADDRESS(?:_WITHOUT_PORT)?|LOCAL_PORT|(?:LOCAL|PEER)_(?:URI_SAN|SUBJECT)|TLS_(?:SESSION_ID|CIPHER|VERSION)"
    r"|PEER_(?:ISSUER|SERIAL|FINGERPRINT_(?:256|1)|CERT(?:_V_(?:START|END))?))))%"
)
"""What Contour lets Envoy fill in; every other % it escapes."""
_NAMES = pattern(r"(:?[\w-]+)(?:\?(:?[\w-]+))?")
_HOLLOW = pattern(
    r"(DOWNSTREAM_(PEER|TLS|LOCAL_URI|LOCAL_SUBJECT)|UPSTREAM_(?!CLUSTER)|(VIRTUAL_CLUSTER_NAME|RESPONSE_CODE_DETAILS|GRPC_STATUS)$)"
)
"""Operators that are empty where a request is changed: nothing has been answered, nobody has been chosen yet."""
_BARE = frozenset(
    (
        "PROTOCOL",
        "HOSTNAME",
        "START_TIME",
        "START_TIME_LOCAL",
        "EMIT_TIME",
        "RESPONSE_CODE",
        "RESPONSE_CODE_DETAILS",
        "RESPONSE_FLAGS",
        "RESPONSE_FLAGS_LONG",
        "BYTES_RECEIVED",
        "BYTES_SENT",
        "DURATION",
        "REQUEST_DURATION",
        "RESPONSE_DURATION",
        "RESPONSE_TX_DURATION",
        "ROUNDTRIP_DURATION",
        "ROUTE_NAME",
        "VIRTUAL_CLUSTER_NAME",
        "PATH",
        "STREAM_ID",
        "UNIQUE_ID",
        "CONNECTION_ID",
        "REQUESTED_SERVER_NAME",
        "ACCESS_LOG_TYPE",
        "GRPC_STATUS",
        "GRPC_STATUS_NUMBER",
        "LOCAL_REPLY_BODY",
        "TRACE_ID",
        "CONNECTION_TERMINATION_DETAILS",
        "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
        "DOWNSTREAM_DETECTED_CLOSE_TYPE",
        "REQUEST_HEADERS_BYTES",
        "RESPONSE_HEADERS_BYTES",
        "RESPONSE_TRAILERS_BYTES",
        "QUERY_PARAMS",
    )
)
_ASKING = frozenset(
    (
        "REQ",
        "RESP",
        "TRAILER",
        "DYNAMIC_METADATA",
        "CLUSTER_METADATA",
        "UPSTREAM_METADATA",
        "FILTER_STATE",
        "UPSTREAM_FILTER_STATE",
        "ENVIRONMENT",
        "METADATA",
        "CEL",
        "QUERY_PARAM",
        "FILE_CONTENT",
        "COMMON_DURATION",
    )
)
_EITHER = frozenset(("START_TIME", "START_TIME_LOCAL", "EMIT_TIME", "PATH", "QUERY_PARAMS", "GRPC_STATUS"))
_SIDES = pattern(
    r"(DOWN|UP)STREAM_((DIRECT_)?(REMOTE|LOCAL)_(ADDRESS(_WITHOUT_PORT|_ENDPOINT_ID)?|PORT)|(LOCAL|PEER)_((URI|DNS|IP|EMAIL|OTHERNAME)_SAN|SUBJECT)"
    r"|PEER_(ISSUER|SERIAL|FINGERPRINT_(256|1)|CHAIN_(FINGERPRINTS_(256|1)|SERIALS)|CERT(_V_(START|END))?)|TLS_(SESSION_ID|CIPHER|VERSION)"
    r"|(WIRE|HEADER)_BYTES_(SENT|RECEIVED)|TRANSPORT_FAILURE_REASON|CONNECTION_ID|DETECTED_CLOSE_TYPE|LOCAL_CLOSE_REASON|HANDSHAKE_DURATION)"
    r"|UPSTREAM_(HOST(_NAME(_WITHOUT_PORT)?)?|CLUSTER(_RAW)?|REQUEST_ATTEMPT_COUNT|PROTOCOL|CONNECTION_POOL_READY_DURATION)"
)
"""Envoy's operators (Envoy, "Command operators"): those alone, those that ask for something in brackets, and those that may."""


def _known(name: str, what: str | None) -> bool:
    if name == "REQ":
        return what is not None and _NAMES.fullmatch(what) is not None
    if name in _ASKING:
        return bool(what)
    if what is not None:
        return name in _EITHER or name.startswith("DOWNSTREAM_PEER_CERT_V_")
    return name in _BARE or _SIDES.fullmatch(name) is not None


def broken(value: str) -> bool:
    """Whether Envoy refuses a value as no format string: a single `%`, or an operator that it does not know."""
    return any(found[0] != "%%" and not (found[1] and _known(found[1], found[2])) for found in _FORMAT.finditer(value))


def filled(value: str, request: Request) -> str | None:
    """A value as Envoy fills it in; None where that leaves nothing, and the header is left alone."""
    return _filled(value, _FORMAT.finditer(value), request)


def filled_by_contour(value: str, request: Request) -> str | None:
    """The same where Contour has escaped all that it does not let through."""
    return _filled(value, _OF_CONTOUR.finditer(value), request)


def _filled(value: str, operators: Iterable[re.Match[str]], request: Request) -> str | None:
    out, last = "", 0
    for found in operators:
        out += value[last : found.start()]
        last = found.end()
        if found[0] in ("%", "%%"):
            out += "%"
            continue
        text = _of_request(found[1] or found[4], found[2], request) if _known(found[1] or found[4], found[2]) else found[0]
        if text is UNKNOWN:
            out += found[0]
        elif text:
            out += text[: int(found[3])] if found[3] else text
    return out + value[last:] or None


UNKNOWN = "what only the running Envoy knows"


def _of_request(name: str, what: str | None, request: Request) -> str | None:
    """What an operator gives where a request is changed; None for nothing, UNKNOWN where the request alone does not tell."""
    match name:
        case "REQ":
            names = _NAMES.fullmatch(what or "")
            assert names is not None
            return next((text for one in names.groups() if one and (text := _sent(one.lower(), request)) is not None), None)
        case "PROTOCOL":
            return "HTTP/1.1"
        case "PATH" if what is None:
            return request.target
        case "RESPONSE_CODE" | "BYTES_RECEIVED":
            return "0"
        case "RESPONSE_FLAGS":
            return "-"
        case "REQUESTED_SERVER_NAME":
            return request.sni or None
        case "QUERY_PARAM":
            pairs = (part.partition("=") for part in (request.query or "").split("&"))
            return next((text for key, _, text in pairs if key == what), None)
    if (name in _ASKING and name not in ("ENVIRONMENT", "CEL")) or (_HOLLOW.match(name) and not ("DOWNSTREAM" in name and request.sni)):
        return None
    return UNKNOWN


def _sent(name: str, request: Request) -> str | None:
    """A header as Envoy holds it: of several lines the first."""
    own = {":path": request.target, ":method": request.method, ":scheme": request.scheme, ":authority": request.authority}
    return own.get(":authority" if name == "host" else name) or next((text for key, text in request.headers if key.lower() == name), None)
