"""Makes the pages `docs/gateways/*.md` of the profiles, the rows and the cases."""

import re
import shlex
from typing import Any

from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.registry import PROFILES
from aichaos.predict.routing.profiles.standard import STANDARD
from tools.gateways.book import Case, Row, answered, cases, rows

MEASURED = {name: profile for name, profile in PROFILES.items() if profile.measured}
_NAMES = {"standard": "the standard", "contour": "Contour", "istio": "Istio", "envoy-gateway": "Envoy Gateway"}
_ASKED = {
    "contour": "Contour 1.33.6 with Envoy 1.40 was asked on a real API server",
    "istio": "Istio's own translator (main of 2026-08-27) and a real Envoy 1.40 were asked",
    "envoy-gateway": "Envoy Gateway 1.9.1's own translator and a real Envoy 1.40 were asked",
}


def gateway_pages(made: str) -> dict[str, str]:
    """The pages by the names of their files."""
    return {f"{name}.md": _page(profile, made) for name, profile in MEASURED.items()} | {"README.md": _overview(made)}


def _overview(made: str) -> str:
    listed = "\n".join(f"- [{_NAMES[name]}]({name}.md): {len(rows(name))} points" for name in MEASURED)
    table = ["| Case | " + " | ".join(_NAMES.values()) + " |", "|---|---|---|---|---|"]
    for case in cases().values():
        said = [answered(case.name, profile) for profile in (STANDARD, *MEASURED.values())]
        told = [f"**{one}**" if one != said[0] else one for one in said]
        table.append(f"| {case.name} | " + " | ".join(_cell(one) for one in told) + " |")
    others = "\n".join(f"- `{one.name}`: {'; '.join(one.notes)}" for one in PROFILES.values() if not one.measured and one.notes)
    return f"""# Gateways

{made}No gateway routes as the Gateway API standard says in every point, and the standard leaves many a point open. `aichaos route` and
`predict` answer as the gateway at hand does, which they know by the `controllerName` of its GatewayClass or from `--implementation`, and
say where it departs from the standard on the request that is asked.

{listed}

`make differential` asks a real Contour and Envoy these cases, 6,840 random requests and 480 calls besides, and compares each answer and
each condition of a route; another `SEED` makes other routes. `make oracles` does so with the translators of the other two and a real Envoy:
these cases, 5,440 requests over 360 random clusters and 1,296 over 72 with GRPCRoutes for each, and 5,040 inside meshes of Istio.

Others are answered as the standard says, and that is said:

{others}

## All cases, beside each other

Bold: not what the standard says. The pages show the routes of each case. "refused port": the gateway takes nothing of what is configured on
that port; one that was running keeps its last good table, one that starts has none.

{chr(10).join(table)}
"""


def _page(profile: Profile, made: str) -> str:
    found = rows(profile.name)
    parts = [
        f"""# How {_NAMES[profile.name]} routes

{made}{_ASKED[profile.name]}, and the profile `{profile.name}` answers as it did. The numbers of the points stay what they
are. Each point that departs from the plain reading of the standard is a switch of the one engine; `aichaos route` names it where it changes
the answer. In the examples `to: v1` is a backendRef to port 80 of a Service, every route is a minute younger than the one before it, and
the Gateway has one open listener for HTTP on port 80 unless it is shown.

"""
    ]
    for deviation in profile.deviations:
        short = deviation.name.partition("/")[2]
        parts.append(f"## {short}\n\n{deviation.says}\n\n")
        parts += [_row(one, profile) for one in found if one.by == short]
    parts.append("## As the standard says\n\nFree choices, and what other gateways do otherwise.\n\n")
    parts += [_row(one, profile) for one in found if not one.by and not one.unmodelled]
    left_out = [one for one in found if one.unmodelled]
    if left_out:
        parts.append("## Not foretold\n\n| Point | What it does | Why |\n|---|---|---|\n")
        parts += [f"| {one.row} | {_cell(one.does)} | {one.unmodelled} |\n" for one in left_out]
    return "".join(parts).rstrip() + "\n"


def _row(row: Row, profile: Profile) -> str:
    return f"**{row.row}.** {row.does}\n\n" + "".join(_example(cases()[name], profile) for name in row.cases)


def _example(case: Case, profile: Profile) -> str:
    said = {name: answered(case.name, PROFILES[name]) for name in ("standard", profile.name)}
    told = ", ".join(f"{_NAMES[name]}: `{answer}`" for name, answer in said.items())
    return f"```yaml\n{_yaml(case)}```\n\n{told}\n\n"


def _yaml(case: Case) -> str:
    headers = "".join(f" -H '{name}: {value}'" for name, value in case.headers)
    method, _, url = case.ask.partition(" ")
    lines = [f"# {case.name}: aichaos route {method} {shlex.quote(url)}{headers}"]
    if case.listeners:
        lines.append("listeners:")
        lines += [f"- {_flow(one)}" for one in case.listeners]
    lines.append("routes:")
    for one in case.routes:
        lines.append(f"- {_flow({key: value for key, value in one.items() if key != 'rules'})[:-1]}, rules: [")
        lines += [f"    {_flow(rule)}," for rule in one["rules"]]
        lines[-1] = lines[-1][:-1] + "]}"
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """YAML in one line, as short as it can be."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, str):
        plain = re.fullmatch(r"[A-Za-z/][A-Za-z0-9./_-]*", value) and value not in ("true", "false", "null", "yes", "no")
        return value if plain else f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
