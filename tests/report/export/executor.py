"""Stands in for Argo's executor, which needs a C compiler: carries out the resource template of its pod with the real kubectl.

As the executor does: `kubectl ACTION -f MANIFEST FLAGS`, a manifest only where there is one, with the rights of the pod's service account.
``executor.py KUBECTL``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SHARED = Path("/var/run/argo")
"""The volume that Argo gives to each of its containers; nothing else can be written."""


def main(kubectl: str) -> int:
    """Exit code: kubectl's."""
    resource = json.loads(os.environ["ARGO_TEMPLATE"])["resource"]
    file = SHARED / "manifest.yaml"
    file.write_text(resource.get("manifest", ""), encoding="utf-8")
    brought = ["-f", str(file)] if "manifest" in resource else []
    words = [resource["action"], *brought, *resource.get("flags", [])]
    if resource["action"] == "patch":
        words += ["--type", resource["mergeStrategy"], "--patch-file", str(file)]
    return subprocess.run([kubectl, "--cache-dir", str(SHARED / "cache"), *words], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
