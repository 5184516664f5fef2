"""SHA-256, without what `hashlib` costs to load: it brings all of OpenSSL, a tenth of what `suggest` may take to start.

The interpreter's own module is asked first, as `random` in the standard library does.
"""

import importlib


def sha256(data: bytes) -> str:
    """The digest in hexadecimal digits."""
    for name in ("_sha2", "_sha256", "hashlib"):  # Python 3.12 and newer; 3.11; builds without either
        try:
            return str(importlib.import_module(name).sha256(data).hexdigest())
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError("no SHA-256 in this Python")
