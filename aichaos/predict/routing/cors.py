"""Cross-origin requests: which of them the gateway answers itself.

Source: Gateway API v1.6, `HTTPCORSFilter`; Fetch standard, CORS-preflight request. The headers of an answer are not foretold.
"""

from typing import Any

from aichaos.predict.routing.request import Request


def preflight(settings: dict[str, Any], request: Request) -> bool:
    """Whether the gateway answers this request itself: OPTIONS, from an origin, that asks for a method."""
    if request.method != "OPTIONS":
        return False
    names = {name.lower() for name, _ in request.headers}
    return {"origin", "access-control-request-method"} <= names
