"""Make the compact table of Litmus faults from a JSON file of all charts: `python tools/make_litmus_faults.py FAULTS.json`.

The input names for each fault its chart, scope, environment variables with their defaults, and the permissions of its service account,
as they stand in litmuschaos/chaos-charts (Apache-2.0). Permissions that many faults share are written once.
"""

import json
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "aichaos" / "check" / "meaning" / "data" / "litmus-faults.json"


def main(source: str) -> None:
    faults = json.loads(Path(source).read_text(encoding="utf-8"))
    sets: dict[str, int] = {}
    compact = {}
    for name, fault in sorted(faults.items()):
        rules = [
            f"{group}/{resource}: {' '.join(rule['verbs'])}"
            for rule in fault.get("permissions", [])
            for group in rule["apiGroups"]
            for resource in rule["resources"]
        ]
        number = sets.setdefault(json.dumps(rules), len(sets))
        compact[name] = {"chart": fault["chart"], "scope": fault.get("scope", ""), "env": fault["env"], "permissions": number}
    origin = "litmuschaos/chaos-charts b2662c2, Apache-2.0: facts only"
    table = {"origin": origin, "permissions": [json.loads(text) for text in sets], "faults": compact}
    TARGET.write_text(json.dumps(table, separators=(",", ":"), ensure_ascii=False).replace('},"', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
