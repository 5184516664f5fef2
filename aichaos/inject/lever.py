"""What stops injection from outside, within a second or so: the lever of the cluster, or a file.

`NS/NAME`: the ConfigMap that `aichaos stop --all` pulls (`aichaos/aichaos-lever`), read with the pod's own service account, which needs
`get` on that one object. A path (`/etc/chaos/state`): a file, such as one that is mounted from a ConfigMap. `released` lets chaos be;
anything else, and a lever that can't be read, is as if pulled. Absent is released for the ConfigMap, as for every run.
"""

import json
import re
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
EVERY = 1.0
"""Seconds between two looks."""


class Lever:
    """Looks at most once in `EVERY` seconds, beside the calls: a call never waits for it. Before the first look it is pulled."""

    def __init__(self, released: Callable[[], bool], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._released = released
        self._clock = clock
        self._pulled = True
        self._next = 0.0
        self._looking = threading.Lock()
        self.look()

    def pulled(self) -> bool:
        if self._clock() >= self._next and self._looking.acquire(blocking=False):
            self._next = self._clock() + EVERY
            threading.Thread(target=self._look_and_let_go, name="aichaos-lever", daemon=True).start()
        return self._pulled

    def look(self) -> None:
        """Reads the lever now."""
        try:
            self._pulled = not self._released()
        except (OSError, ValueError):
            self._pulled = True  # unreadable is pulled
        self._next = self._clock() + EVERY

    def _look_and_let_go(self) -> None:
        try:
            self.look()
        finally:
            self._looking.release()


def lever_of(text: str) -> Lever:
    """Raises ValueError where the text is neither `NS/NAME` nor an absolute path."""
    if text.startswith("/"):
        return Lever(lambda: Path(text).read_text(encoding="utf-8").strip() == "released")
    namespace, slash, name = text.partition("/")
    if not slash or not _NAME.fullmatch(namespace) or not _NAME.fullmatch(name):
        raise ValueError(f"the lever {text!r} is neither NS/NAME of a ConfigMap nor an absolute path of a file")
    return Lever(lambda: config_map_released(namespace, name))


_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


def config_map_released(namespace: str, name: str, *, account: Path = ACCOUNT, server: str = "https://kubernetes.default.svc") -> bool:
    """Asks the API server with the rights of the pod's service account. Raises OSError, ValueError where it gives no answer."""
    token = (account / "token").read_text(encoding="ascii").strip()
    url = f"{server}/api/v1/namespaces/{namespace}/configmaps/{name}"
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
    trusted = ssl.create_default_context(cafile=str(account / "ca.crt"))
    try:
        with urllib.request.urlopen(asked, timeout=5, context=trusted) as answer:
            found = json.loads(answer.read(1 << 20))
    except urllib.error.HTTPError as error:
        if error.code == 404 and _says_not_there(error.read(1 << 20), name):
            return True
        raise
    return bool((found.get("data") or {}).get("state", "") == "released")


def _says_not_there(body: bytes, name: str) -> bool:
    """Whether the API server itself says that it has no such ConfigMap: a proxy in between answers 404, too."""
    status = json.loads(body)
    return isinstance(status, dict) and status.get("kind") == "Status" and (status.get("details") or {}).get("name") == name
