"""Envoy's operators in the values of headers (`%REQ(x-a)%`): which there are, and what Envoy refuses.

Envoy reads a value that a filter sets as a format string. One that it can't read spoils the whole table of routes it stands in, so the
list has to be right in both directions. Source: Envoy 1.40 was given every operator in every form, one by one, and took or refused it
(`tests/domain/test_operators.py` asks it again); what they mean: Envoy, "Access log format", "Command operators". Whether Envoy can read
the expression of a `%CEL(…)%`, or the operators in a `%COALESCE({…})%`, is not looked at.
"""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from aichaos.domain.patterns import pattern

Brackets = Literal["none", "may", "must"]


class Operator(msgspec.Struct, frozen=True):
    """brackets: whether something may or must stand in them. length: whether `:3` may follow. inside: what may stand in the brackets."""

    brackets: Brackets = "none"
    length: bool = False
    inside: "re.Pattern[str] | None" = None


_ALONE = """
    ACCESS_LOG_TYPE BYTES_RECEIVED BYTES_RETRANSMITTED BYTES_SENT CONNECTION_ID CONNECTION_TERMINATION_DETAILS CUSTOM_FLAGS
    DOWNSTREAM_CX_RTT DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT
    DOWNSTREAM_DETECTED_CLOSE_TYPE DOWNSTREAM_DIRECT_LOCAL_ADDRESS DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID
    DOWNSTREAM_DIRECT_LOCAL_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS DOWNSTREAM_DIRECT_REMOTE_PORT DOWNSTREAM_HANDSHAKE_DURATION
    DOWNSTREAM_HEADER_BYTES_RECEIVED DOWNSTREAM_HEADER_BYTES_SENT DOWNSTREAM_LOCAL_ADDRESS DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID
    DOWNSTREAM_LOCAL_CLOSE_REASON DOWNSTREAM_LOCAL_DNS_SAN DOWNSTREAM_LOCAL_EMAIL_SAN DOWNSTREAM_LOCAL_IP_SAN
    DOWNSTREAM_LOCAL_OTHERNAME_SAN DOWNSTREAM_LOCAL_PORT DOWNSTREAM_LOCAL_SUBJECT DOWNSTREAM_LOCAL_URI_SAN DOWNSTREAM_PEER_CERT
    DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1 DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256 DOWNSTREAM_PEER_CHAIN_SERIALS DOWNSTREAM_PEER_DNS_SAN
    DOWNSTREAM_PEER_EMAIL_SAN DOWNSTREAM_PEER_FINGERPRINT_1 DOWNSTREAM_PEER_FINGERPRINT_256 DOWNSTREAM_PEER_IP_SAN DOWNSTREAM_PEER_ISSUER
    DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256 DOWNSTREAM_PEER_ISSUER_SERIAL DOWNSTREAM_PEER_OTHERNAME_SAN DOWNSTREAM_PEER_SERIAL
    DOWNSTREAM_PEER_SUBJECT DOWNSTREAM_PEER_URI_SAN DOWNSTREAM_REMOTE_ADDRESS DOWNSTREAM_REMOTE_PORT DOWNSTREAM_TLS_CIPHER
    DOWNSTREAM_TLS_GROUP DOWNSTREAM_TLS_SESSION_ID DOWNSTREAM_TLS_VERSION DOWNSTREAM_TRANSPORT_FAILURE_REASON
    DOWNSTREAM_WIRE_BYTES_RECEIVED DOWNSTREAM_WIRE_BYTES_SENT DURATION FILTER_CHAIN_NAME GRPC_STATUS_NUMBER HOSTNAME LISTENER_NAME
    LOCAL_REPLY_BODY PACKETS_RETRANSMITTED PROTOCOL REQUEST_DURATION REQUEST_HEADERS_BYTES REQUEST_TX_DURATION RESPONSE_CODE
    RESPONSE_DURATION RESPONSE_FLAGS RESPONSE_FLAGS_LONG RESPONSE_HEADERS_BYTES RESPONSE_TRAILERS_BYTES RESPONSE_TX_DURATION
    ROUNDTRIP_DURATION ROUTE_NAME ROUTE_RESOLUTION_COUNT ROUTE_RESOLUTION_TIME_US SPAN_ID STREAM_ID TLS_JA3_FINGERPRINT
    TLS_JA4_FINGERPRINT TRACE_ID UNIQUE_ID UPSTREAM_CLUSTER UPSTREAM_CLUSTER_RAW UPSTREAM_CONNECTION_ID UPSTREAM_CONNECTION_IDS_ATTEMPTED
    UPSTREAM_CONNECTION_POOL_READY_DURATION UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT
    UPSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_HEADER_BYTES_RECEIVED UPSTREAM_HEADER_BYTES_SENT UPSTREAM_HOST UPSTREAM_HOSTS_ATTEMPTED
    UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT UPSTREAM_HOST_NAME UPSTREAM_HOST_NAMES_ATTEMPTED UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT
    UPSTREAM_HOST_NAME_WITHOUT_PORT UPSTREAM_LOCAL_ADDRESS UPSTREAM_LOCAL_CLOSE_REASON UPSTREAM_LOCAL_DNS_SAN UPSTREAM_LOCAL_IP_SAN
    UPSTREAM_LOCAL_PORT UPSTREAM_LOCAL_URI_SAN UPSTREAM_PEER_CERT UPSTREAM_PEER_DNS_SAN UPSTREAM_PEER_IP_SAN UPSTREAM_PEER_ISSUER
    UPSTREAM_PEER_SUBJECT UPSTREAM_PEER_URI_SAN UPSTREAM_PROTOCOL UPSTREAM_REMOTE_ADDRESS UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID
    UPSTREAM_REMOTE_PORT UPSTREAM_REQUEST_ATTEMPT_COUNT UPSTREAM_SERVER_NAME UPSTREAM_TLS_CIPHER UPSTREAM_TLS_GROUP
    UPSTREAM_TLS_SESSION_ID UPSTREAM_TLS_VERSION UPSTREAM_TRANSPORT_FAILURE_REASON UPSTREAM_WIRE_BYTES_RECEIVED UPSTREAM_WIRE_BYTES_SENT
    VIRTUAL_CLUSTER_NAME
"""
"""Those with nothing in brackets and no length."""
_FORMATTED = """
    DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT
    DOWNSTREAM_PEER_CERT_V_END DOWNSTREAM_PEER_CERT_V_START DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT EMIT_TIME EMIT_TIME_LOCAL
    RESPONSE_CODE_DETAILS START_TIME START_TIME_LOCAL UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT UPSTREAM_PEER_CERT_V_END
    UPSTREAM_PEER_CERT_V_START UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT
"""
"""Those that may have a format in brackets, whatever it is, and no length."""
_TOKEN = r"[\w!#$%&'*+.^`|~-]"
_HEADER = pattern(rf"(?::?{_TOKEN}+)?(?:\?(?::?{_TOKEN}+)?)?", re.ASCII)
"""The name of a header, and after a `?` that of another one, which is taken where the first is not sent."""
_STATE = pattern(r"[^:]+(?::(?:PLAIN|TYPED)?|:FIELD:[^:]+(?::.*)?)?")
_SPECIAL = {
    **dict.fromkeys(
        ("REQ", "RESP", "TRAILER", "REQUEST_HEADER", "RESPONSE_HEADER", "RESPONSE_TRAILER", "STREAM_INFO_REQ"),
        Operator("must", length=True, inside=_HEADER),
    ),
    **dict.fromkeys(("DYNAMIC_METADATA", "ENVIRONMENT", "QUERY_PARAM", "CEL"), Operator("must", length=True)),
    **dict.fromkeys(("CLUSTER_METADATA", "UPSTREAM_METADATA", "PER_REQUEST_STATE"), Operator("must")),
    **dict.fromkeys(("FILTER_STATE", "UPSTREAM_FILTER_STATE"), Operator("must", length=True, inside=_STATE)),
    "METADATA": Operator(
        "must", length=True, inside=pattern(r"(?:ROUTE|CLUSTER|DYNAMIC|UPSTREAM_HOST|LISTENER|LISTENER_FILTER_CHAIN|VIRTUAL_HOST)(?::.*)?")
    ),
    "COMMON_DURATION": Operator("must", inside=pattern(r"[^:]*:[^:]*(?::(?:ms|us|ns))?")),
    "COALESCE": Operator("must", length=True, inside=pattern(r"\s*\{.*\"operators\".*\}\s*")),
    "PATH": Operator("may", length=True, inside=pattern(r"(?:WQ|NQ)?(?::(?:ORIG|PATH|ORIG_OR_PATH)?(?::.*)?)?")),
    "QUERY_PARAMS": Operator("may", length=True, inside=pattern(r"ORIG|DECODED")),
    "GRPC_STATUS": Operator("may", inside=pattern(r"CAMEL_STRING|SNAKE_STRING|NUMBER")),
    "REQUESTED_SERVER_NAME": Operator(
        "may", inside=pattern(r"(?:SNI_ONLY|SNI_FIRST|HOST_FIRST)?(?::(?:ORIG|HOST|ORIG_OR_HOST)?(?::.*)?)?")
    ),
}
OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(_ALONE.split(), Operator()),
    **dict.fromkeys(_FORMATTED.split(), Operator("may")),
    **_SPECIAL,
}
"""Every operator by its name."""

_PIECE = pattern(r"%%|%([A-Z0-9_]+)(?:\((.*?)\))?(?::([0-9]+))?%|%")
_LONGEST = 2**64
_MEANT = pattern(r"%[A-Za-z0-9_]+(?:\([^)]*\))?(?::[0-9]*)?%")
"""What somebody may have meant as an operator, right or wrong."""


class Piece(msgspec.Struct, frozen=True):
    """A place in a value that holds a `%`. name: "" for `%%`, and for a single % with `taken` unset.

    inside: what stands in the brackets, "" where nothing does. length: how many characters are kept, None for all. taken: whether Envoy
    reads it.
    """

    start: int
    end: int
    name: str = ""
    inside: str = ""
    length: int | None = None
    taken: bool = True


def pieces(value: str) -> Iterator[Piece]:
    """Every `%` of a value as Envoy reads it, from left to right."""
    for found in _PIECE.finditer(value):
        name, inside, length = found[1] or "", found[2] or "", int(found[3]) if found[3] else None
        yield Piece(found.start(), found.end(), name, inside, length, taken=found[0] == "%%" or bool(name and known(name, inside, length)))


def known(name: str, inside: str = "", length: int | None = None) -> bool:
    """Whether Envoy takes an operator in this form."""
    operator = OPERATORS.get(name)
    if operator is None or (length is not None and (not operator.length or length >= _LONGEST)):
        return False
    if not inside:
        return operator.brackets != "must"
    return operator.brackets != "none" and (operator.inside is None or operator.inside.fullmatch(inside) is not None)


def broken(value: str) -> bool:
    """Whether Envoy refuses a value as no format string: a single %, or an operator that it does not know in this form."""
    return any(not piece.taken for piece in pieces(value))


def holds_operator(value: str) -> bool:
    """Whether Envoy fills something in."""
    return any(piece.taken and piece.name for piece in pieces(value))


def escaped(value: str) -> str | None:
    """A value with `%%` for each %; None where somebody may have meant an operator, or has begun to escape."""
    return None if "%%" in value or _MEANT.search(value) else value.replace("%", "%%")
