"""httpx2 with the patience that a busy machine needs; its own is five seconds."""

from functools import partial

import httpx2

PATIENCE = 60.0
"""Seconds."""

get, post, head, request = (partial(each, timeout=PATIENCE) for each in (httpx2.get, httpx2.post, httpx2.head, httpx2.request))
stream = partial(httpx2.stream, timeout=2 * PATIENCE)
Client = partial(httpx2.Client, timeout=PATIENCE)
