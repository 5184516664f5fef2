"""What asking costs besides the model: secrets found in a text (google-re2 beside `re`), and an answer cut into its pieces.

python -m benchmarks.asking [--json]
"""

import argparse
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from aichaos.ask import redact as redaction
from aichaos.ask.reply import contents, pieces

ROOT = Path(__file__).parent.parent
_SMALL = 1_000_000
_PROSE = (
    "Here is what happens when the gateway loses a backend, and how you can see it in the metrics.\n\n"
    "```bash\nkubectl get pods -n shop\nkubectl describe httproute web\n```\n\n"
)


_SECRETS = "  password: correct-horse-battery\n  token: ghp_0123456789abcdefghijABCDEFGHIJ\n"


def speed(work: Callable[[str], object], text: str) -> float:
    """Megabytes a second on one core, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work(text)
        best = min(best, time.process_time() - start)
    return len(text) / 1e6 / best


def measure() -> dict[str, float]:
    cluster = (ROOT / "aichaos" / "observe" / "demos" / "service-a.yaml").read_text(encoding="utf-8")
    replies = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "replies").rglob("*.md")))
    pattern = re.compile(redaction.PATTERN)
    redaction.redact("warm", _name)
    return {
        "redact": speed(lambda text: redaction.redact(text, _name), cluster * (20_000_000 // len(cluster))),
        "redact secrets": speed(lambda text: redaction.redact(text, _name), _SECRETS * (_SMALL // len(_SECRETS))),
        "re": speed(lambda text: sum(1 for _ in pattern.finditer(text)), cluster[: _SMALL // 10]),
        "cut": speed(lambda text: list(pieces(text)), _PROSE * (1_900_000 // len(_PROSE))),
        "read prose": speed(contents, _PROSE * (1_900_000 // len(_PROSE))),
        "read replies": speed(contents, (replies * (1 + 1_900_000 // len(replies)))[:1_900_000]),
    }


def _name(kind: str, secret: str) -> str:
    return f"redacted-{kind}-1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    measured = measure()
    if parser.parse_args().json:
        print(json.dumps(measured))
        return
    for name, value in measured.items():
        print(f"{name:15} {value:8.1f} MB/s")


if __name__ == "__main__":
    main()
