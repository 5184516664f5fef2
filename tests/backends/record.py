"""Records the cassettes anew: `python -m tests.backends.record`. No network is needed: the server is ours (provider.py)."""

import os
from pathlib import Path

from tests.backends.cassette import FOLDER, PORT, player
from tests.backends.provider import REPLIES, from_files, serving
from tests.backends.talk import CASSETTE, suggest_like_the_talk

_HEADER = """\
# Recorded against a local server of ours (tests/backends/provider.py) that speaks the wire format of Anthropic's Messages API; no
# provider was asked. The answers are tests/replies/route-chaos, word for word: a language model wrote them for exactly these prompts.
# Token counts are our own estimate. To record it anew: python -m tests.backends.record
"""


def main() -> None:
    os.environ["ANTHROPIC_API_KEY"] = "not-a-key"
    path = FOLDER / CASSETTE
    path.unlink(missing_ok=True)
    with serving(from_files(REPLIES / "route-chaos"), PORT), player("all").use_cassette(CASSETTE):
        suggest_like_the_talk(out=None)
    path.write_text(_HEADER + path.read_text(encoding="utf-8"), encoding="utf-8")
    print(f"recorded {path.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
