"""What Envoy's operators (`%REQ(x-a)%`) give in the values of header filters, where a request is changed.

Source: Envoy 1.40, "Access log format", "Custom request/response headers"; asked of a running one. Contour 1.33, `escapeHeaderValue`.
Which operators there are, and what Envoy refuses: `aichaos.domain.operators`.
"""

from collections.abc import Iterable, Iterator

from aichaos.domain.operators import OPERATORS, Piece, known, pieces
from aichaos.domain.patterns import pattern
from aichaos.predict.routing.request import Request

_OF_CONTOUR = pattern(
    r"%(?:(REQ)\((:?[\w-]+(?:\?:?[\w-]+)?)\)(?::(\d+))?|(PROTOCOL|HOSTNAME|UPSTREAM_REMOTE_ADDRESS|RESPONSE_FLAGS|RESPONSE_CODE_DETAILS"
    r"|DOWNSTREAM_(?:(?:REMOTE|LOCAL)_ADDRESS(?:_WITHOUT_PORT)?|LOCAL_PORT|(?:LOCAL|PEER)_(?:URI_SAN|SUBJECT)|TLS_(?:SESSION_ID|CIPHER|VERSION)"
    r"|PEER_(?:ISSUER|SERIAL|FINGERPRINT_(?:256|1)|CERT(?:_V_(?:START|END))?))))%"
)
"""What Contour lets Envoy fill in; every other % it escapes."""
_HOLLOW = pattern(
    r"(DOWNSTREAM_(PEER|TLS|LOCAL_URI|LOCAL_SUBJECT)|UPSTREAM_(?!CLUSTER)|(VIRTUAL_CLUSTER_NAME|RESPONSE_CODE_DETAILS|GRPC_STATUS)$)"
)
"""Operators that are empty where a request is changed: nothing has been answered, nobody has been chosen yet."""


def filled(value: str, request: Request) -> str | None:
    """A value as Envoy fills it in; None where that leaves nothing, and the header is left alone."""
    return _filled(value, pieces(value), request)


def filled_by_contour(value: str, request: Request) -> str | None:
    """The same where Contour has escaped all that it does not let through."""
    return _filled(value, _let_through(value), request)


def _let_through(value: str) -> Iterator[Piece]:
    for found in _OF_CONTOUR.finditer(value):
        name, inside, length = found[1] or found[4], found[2] or "", int(found[3]) if found[3] else None
        yield Piece(found.start(), found.end(), name, inside, length, taken=known(name, inside, length))


def _filled(value: str, found: Iterable[Piece], request: Request) -> str | None:
    out, last = "", 0
    for one in found:
        out += value[last : one.start]
        last = one.end
        if not one.name:
            out += "%"
            continue
        text = _of_request(one.name, one.inside, request) if one.taken else UNKNOWN
        if text is UNKNOWN:
            out += value[one.start : one.end]
        elif text:
            out += text[: one.length]
    return out + value[last:] or None


UNKNOWN = "what only the running Envoy knows"


def _of_request(name: str, inside: str, request: Request) -> str | None:
    """What an operator gives where a request is changed; None for nothing, UNKNOWN where the request alone does not tell."""
    match name:
        case "REQ" | "REQUEST_HEADER":
            names = inside.lower().split("?")
            return next((text for one in names if one and (text := _sent(one, request)) is not None), None)
        case "PROTOCOL":
            return "HTTP/1.1"
        case "PATH" if not inside:
            return request.target
        case "RESPONSE_CODE" | "BYTES_RECEIVED":
            return "0"
        case "RESPONSE_FLAGS":
            return "-"
        case "REQUESTED_SERVER_NAME" if not inside:
            return request.sni or None
        case "QUERY_PARAM":
            pairs = (part.partition("=") for part in (request.query or "").split("&"))
            return next((text for key, _, text in pairs if key == inside), None)
    asking = OPERATORS[name].brackets == "must" and name not in ("ENVIRONMENT", "CEL")
    if asking or (_HOLLOW.match(name) and not ("DOWNSTREAM" in name and request.sni)):
        return None
    return UNKNOWN


def _sent(name: str, request: Request) -> str | None:
    """A header as Envoy holds it: of several lines the first."""
    own = {":path": request.target, ":method": request.method, ":scheme": request.scheme, ":authority": request.authority}
    return own.get(":authority" if name == "host" else name) or next((text for key, text in request.headers if key.lower() == name), None)
