"""Make the reference part of the documentation from the program itself, and the picture in the README.

What stands in ``docs/reference/`` is read off the tables and Structs that the program runs on: commands, settings, errors, kinds, rules,
scenarios, and the shapes of files and JSON. Nothing there is edited by hand; the sentences that no table holds are in
``tools/docs/``, a file for each subject.

    python tools/make_docs.py             write what is stale in docs/reference
    python tools/make_docs.py --images    the picture, too (needs rich)
    python tools/make_docs.py --check     write nothing; exit 1 and name the files that are stale
"""

import argparse
import json
import sys
from pathlib import Path

from tools.docs.commands import cli_page, errors_page, settings_page
from tools.docs.experiments import experiment_page, schema
from tools.docs.places import GATEWAYS, MADE, PICTURE, REFERENCE, ROOT, RULES_PAGE, SAFETY
from tools.docs.safety import safety_page
from tools.docs.scenario_list import scenarios_page
from tools.docs.screen import picture
from tools.docs.shapes import json_page
from tools.docs.snapshots import role, snapshot_page
from tools.gateways.pages import gateway_pages
from tools.rules_page import rules_page
from tools.schemas import gameday_schema, results_schema, scenario_schema


def pages() -> dict[Path, str]:
    """Every generated file with what should stand in it."""
    found = {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "experiment.schema.json": json.dumps(schema(), indent=2, ensure_ascii=False) + "\n",
        "experiment.md": experiment_page(),
        "snapshot.md": snapshot_page(),
        "read-only-role.yaml": role(),
        "scenarios.md": scenarios_page(),
        "gameday.schema.json": json.dumps(gameday_schema(), indent=2, ensure_ascii=False) + "\n",
        "scenario.schema.json": json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n",
        "results.schema.json": json.dumps(results_schema(), indent=2, ensure_ascii=False) + "\n",
        "json.md": json_page(),
    }
    gateways = {GATEWAYS / name: text for name, text in gateway_pages(MADE).items()}
    return {REFERENCE / name: text for name, text in found.items()} | gateways | {RULES_PAGE: rules_page(MADE), SAFETY: safety_page()}


def stale(wanted: dict[Path, str]) -> list[Path]:
    """Files that differ from what they should hold, and files in the generated folders that nothing makes."""
    wrong = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return sorted([*wrong, *(path for folder in (REFERENCE, GATEWAYS) for path in folder.glob("*") if path not in wanted)])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="make the reference documentation from the program")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    parser.add_argument("--images", action="store_true", help="the picture in the README, too (needs rich)")
    given = parser.parse_args(arguments)
    wanted = pages() | ({PICTURE: picture()} if given.images else {})
    wrong = stale(wanted)
    for path in wrong:
        print(f"{'stale' if given.check else 'written'}: {path.relative_to(ROOT)}")
        if not given.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n") if path in wanted else path.unlink()
    return 1 if given.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
