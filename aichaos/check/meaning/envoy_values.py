"""Envoy reads header values as format strings: `%REQ(x)%` is filled in, `%%` is a %, and any other % is a mistake.

Which names there are, which take something in parentheses and which a length after it was asked of Envoy 1.40 itself, name by name
(`envoy --mode validate`). It reads from left to right: `%PROTOCOL%%` ends in a lone %, and `%REQ(a)%%REQ(b)%` is two variables.
"""

import re
from functools import cache

_SIDES = "ADDRESS PORT DNS_SAN URI_SAN IP_SAN CLOSE_REASON"
_CERTIFICATE = "CERT SUBJECT ISSUER DNS_SAN URI_SAN IP_SAN"
_COUNTED = "WIRE_BYTES HEADER_BYTES DECOMPRESSED_HEADER_BYTES"


def _names(prefix: str, names: str, suffix: str = "") -> list[str]:
    return [f"{prefix}{name}{suffix}" for name in names.split()]


_ALONE = [
    *_names("", "ACCESS_LOG_TYPE CONNECTION_ID CONNECTION_TERMINATION_DETAILS CUSTOM_FLAGS DURATION FILTER_CHAIN_NAME HOSTNAME"),
    *_names("", "LOCAL_REPLY_BODY PROTOCOL REQUESTED_SERVER_NAME ROUNDTRIP_DURATION SPAN_ID STREAM_ID TRACE_ID UNIQUE_ID"),
    *_names("", "GRPC_STATUS GRPC_STATUS_NUMBER TLS_JA3_FINGERPRINT TLS_JA4_FINGERPRINT VIRTUAL_CLUSTER_NAME"),
    *_names("BYTES_", "RECEIVED RETRANSMITTED SENT"),
    *_names("REQUEST_", "DURATION TX_DURATION HEADERS_BYTES"),
    *_names("RESPONSE_", "CODE DURATION TX_DURATION FLAGS FLAGS_LONG HEADERS_BYTES TRAILERS_BYTES"),
    *_names("ROUTE_", "NAME RESOLUTION_COUNT RESOLUTION_TIME_US"),
    *(f"{stream}_{name}{way}" for stream in ("DOWNSTREAM", "UPSTREAM") for name in _COUNTED.split() for way in ("_RECEIVED", "_SENT")),
    *(
        f"{stream}_{name}"
        for stream in ("DOWNSTREAM", "UPSTREAM")
        for name in (
            *_names("LOCAL_", _SIDES),
            *_names("PEER_", _CERTIFICATE),
            *("REMOTE_ADDRESS", "REMOTE_PORT", "DETECTED_CLOSE_TYPE", "TRANSPORT_FAILURE_REASON"),
            *_names("TLS_", "CIPHER GROUP SESSION_ID VERSION"),
        )
    ),
    *_names("DOWNSTREAM_", "CX_RTT HANDSHAKE_DURATION DIRECT_LOCAL_ADDRESS DIRECT_LOCAL_PORT DIRECT_REMOTE_ADDRESS DIRECT_REMOTE_PORT"),
    *_names("DOWNSTREAM_", "LOCAL_ADDRESS_ENDPOINT_ID DIRECT_LOCAL_ADDRESS_ENDPOINT_ID LOCAL_EMAIL_SAN LOCAL_OTHERNAME_SAN LOCAL_SUBJECT"),
    *_names("DOWNSTREAM_PEER_", "CHAIN_FINGERPRINTS_1 CHAIN_FINGERPRINTS_256 CHAIN_SERIALS EMAIL_SAN FINGERPRINT_1 FINGERPRINT_256"),
    *_names("DOWNSTREAM_PEER_", "ISSUER_FINGERPRINT_256 ISSUER_SERIAL OTHERNAME_SAN SERIAL"),
    *_names("UPSTREAM_", "CLUSTER CLUSTER_RAW CONNECTION_ID CONNECTION_IDS_ATTEMPTED CONNECTION_POOL_READY_DURATION HOST HOSTS_ATTEMPTED"),
    *_names("UPSTREAM_", "HOSTS_ATTEMPTED_WITHOUT_PORT HOST_NAME HOST_NAMES_ATTEMPTED HOST_NAMES_ATTEMPTED_WITHOUT_PORT"),
    *_names("UPSTREAM_", "HOST_NAME_WITHOUT_PORT PROTOCOL REMOTE_ADDRESS_ENDPOINT_ID REQUEST_ATTEMPT_COUNT SERVER_NAME"),
]
_WITH_OR_WITHOUT = [
    *_names("", "EMIT_TIME EMIT_TIME_LOCAL START_TIME START_TIME_LOCAL RESPONSE_CODE_DETAILS"),
    *_names("DOWNSTREAM_", "LOCAL REMOTE DIRECT_LOCAL DIRECT_REMOTE", "_ADDRESS_WITHOUT_PORT"),
    *_names("UPSTREAM_", "LOCAL REMOTE", "_ADDRESS_WITHOUT_PORT"),
    *(f"{stream}_PEER_CERT_V_{end}" for stream in ("DOWNSTREAM", "UPSTREAM") for end in ("START", "END")),
]
_WITH = ["CLUSTER_METADATA", "COALESCE", "COMMON_DURATION", "METADATA", "PER_REQUEST_STATE", "UPSTREAM_METADATA"]
_WITH_AND_SHORTENED = [
    *_names("", "CEL DYNAMIC_METADATA ENVIRONMENT FILTER_STATE QUERY_PARAM REQ RESP STREAM_INFO_REQ TRAILER UPSTREAM_FILTER_STATE"),
    *("REQUEST_HEADER", "RESPONSE_HEADER", "RESPONSE_TRAILER"),
]

_VARIABLE = (
    rf"%(?:(?:{'|'.join(_ALONE)})(?:\(\))?"
    rf"|(?:{'|'.join(_WITH_OR_WITHOUT)})(?:\([^)]*\))?"
    rf"|(?:{'|'.join(_WITH)})\([^)]+\)"
    rf"|(?:{'|'.join(_WITH_AND_SHORTENED)})\([^)]+\)(?::[0-9]+)?"
    r"|(?:PATH|QUERY_PARAMS)(?:\([^)]*\))?(?::[0-9]+)?)%"
)


@cache
def _pieces() -> re.Pattern[str]:
    """Compiled at its first use: hardly any route holds a %."""
    return re.compile(rf"%%|(?P<variable>{_VARIABLE})|(?P<lone>%)")


def lone_percent(value: str) -> bool:
    """Whether a % stands in a header's value that starts no variable of Envoy's and is no `%%`."""
    return any(piece.lastgroup == "lone" for piece in _pieces().finditer(value))


def has_variable(value: str) -> bool:
    """Whether Envoy fills in a part of a header's value."""
    return any(piece.lastgroup == "variable" for piece in _pieces().finditer(value))


def escaped(value: str) -> str | None:
    """The value with %% for each %; None where that is not what was meant for certain."""
    plain = "%%" not in value and not has_variable(value) and not re.search(r"%[A-Za-z_]+(?:\([^)]*\))?%", value)
    return value.replace("%", "%%") if plain else None
