"""Where the documentation is, and what stands at the top of what is made."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
GATEWAYS = ROOT / "docs" / "gateways"
RULES_PAGE = ROOT / "docs" / "rules.md"
SAFETY = ROOT / "docs" / "safety.md"
STOPS = ROOT / "docs" / "stops.md"
PICTURE = ROOT / "docs" / "images" / "suggest.svg"
MADE = "<!-- Made by tools/make_docs.py; edit the program or that file, not this one. -->\n\n"
