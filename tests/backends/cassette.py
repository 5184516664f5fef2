"""How exchanges are recorded and played back: matched on method, address and body; no key, no machine, bodies that one can read."""

import base64
import json
from pathlib import Path
from typing import Any

import vcr
from vcr.request import Request

from aichaos.files import yaml

FOLDER = Path(__file__).parent.parent.parent / "cassettes"
PORT = 18787
ADDRESS = f"http://127.0.0.1:{PORT}"
MODEL = "answers-from-files"

_KEPT_OF_REQUEST = {"content-type", "anthropic-version"}
_KEPT_OF_RESPONSE = {"content-type", "retry-after"}


class _Readable:
    """A cassette as YAML whose JSON bodies are trees instead of strings."""

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        for one in cassette["interactions"]:
            one["request"]["body"] = _tree(one["request"]["body"])
            one["response"]["body"] = {"string": _tree(one["response"]["body"]["string"])}
        return yaml.dump(cassette)

    @staticmethod
    def deserialize(text: str) -> dict[str, Any]:
        (cassette,) = yaml.load(text, "cassette")
        for one in cassette["interactions"]:
            one["request"]["body"] = _string(one["request"]["body"])
            one["response"]["body"] = {"string": _bytes(one["response"]["body"]["string"])}
        found: dict[str, Any] = cassette
        return found


def _tree(body: Any) -> Any:
    try:
        text = body.decode() if isinstance(body, bytes) else body
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
    try:
        return {"json": json.loads(text)}
    except (TypeError, ValueError):
        return {"text": text}


def _string(body: dict[str, Any]) -> str:
    return json.dumps(body["json"]) if "json" in body else body["text"]


def _bytes(body: dict[str, Any]) -> bytes:
    return base64.b64decode(body["base64"]) if "base64" in body else _string(body).encode()


def _same_body(one: Request, other: Request) -> None:
    assert json.loads(one.body) == json.loads(other.body)


def _without_machine(request: Request) -> Request:
    request.headers = {name: value for name, value in request.headers.items() if name.lower() in _KEPT_OF_REQUEST}
    return request


def _without_date(response: dict[str, Any]) -> dict[str, Any]:
    response["headers"] = {name: value for name, value in response["headers"].items() if name.lower() in _KEPT_OF_RESPONSE}
    return response


def player(record_mode: str = "none") -> vcr.VCR:
    found = vcr.VCR(
        cassette_library_dir=str(FOLDER),
        record_mode=record_mode,
        match_on=["method", "uri", "json"],
        before_record_request=_without_machine,
        before_record_response=_without_date,
        serializer="readable",
    )
    found.register_serializer("readable", _Readable)
    found.register_matcher("json", _same_body)
    return found
