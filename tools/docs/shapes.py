"""The page about JSON output: what each command prints, and the shapes in it."""

import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from aichaos import diagnosis, settings
from aichaos.ask.registry import Listed
from aichaos.domain import backlog, catalogue, checked, experiment, gameday, prediction, progressive, results, running, suggestion
from aichaos.live.running import Rehearsed
from aichaos.measure import samples
from aichaos.run import listing
from tools.docs.places import MADE
from tools.docs.screen import console
from tools.docs.words import own_doc, paragraph, plain, reachable, table, typed

_CHECK_DEMO = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: beta, namespace: route-chaos}
spec:
  parentRefs: [{name: my-gateway}]
  rules:
  - backendRefs: [{name: infra-backend-v9, port: 8080}]
"""


def json_page() -> str:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "beta.yaml").write_text(_CHECK_DEMO, encoding="utf-8")
        reviewed = console("aichaos check beta.yaml --from demo:route-chaos -o json", Path(folder))
        summary = console("aichaos snapshot --from demo:route-chaos -o json", Path(folder))
        configured = console("aichaos config -o json | head -n 12", Path(folder))
        routed = console("aichaos route GET http://lior.example.com/shop --from demo:route-chaos -o json", Path(folder))
    roots: tuple[type[msgspec.Struct], ...] = (suggestion.Suggestions, prediction.Answer)
    roots += (catalogue.Catalogue, catalogue.Rendered, catalogue.Tried, gameday.Debrief, progressive.Course, backlog.Backlog)
    shown = dict.fromkeys(one for root in roots for one in reachable(root))
    written = set(reachable(experiment.Experiment))  # the page about the experiment file has them
    shown |= dict.fromkeys(one for one in reachable(results.Results) if one not in written)
    shown |= dict.fromkeys(_LAST)
    shapes = "\n".join(map(_shape, _told_apart(shown)))
    return f"""# JSON

{MADE}`-o json` writes one JSON document to standard output and nothing else; notes and progress go to standard error. A reader
should ignore fields that it does not know: later versions may add some.

## `aichaos suggest -o json`

A [Suggestions](#suggestions) object.

## `aichaos check -o json`

`documents` is how many were looked at (items of a List count one by one); `findings` is a list of [Finding](#finding); `summary` counts
them by severity. With `--fix` and `--diff` also `fixed`, the findings that corrections end, and `left`, a list of [Left](#left); where a
comment or a baseline hides something, `hidden`, a list of [Quiet](#quiet); and where files hold no Kubernetes object, `left_alone`, their
names. `-o sarif`, `-o junit` and `-o github` are forms of others.

{reviewed}
## `aichaos route -o json`

An [Answer](#answer). With `--requests` one Answer a line, or `{{"error": text}}` for a line that can't be read.

{routed}
## `aichaos snapshot -o json`

A [SourceSummary](#sourcesummary): a summary, not the snapshot. The snapshot itself is the file, see [snapshot.md](snapshot.md).

{summary}
## `aichaos config -o json`

`settings` is a list of [Effective](#effective); `project_file` and `user_file` are where settings files are looked for.

{configured}
## `aichaos backends -o json`

`backends` is a list of [Listed](#listed); `used` is the name of the one that would be used; `chosen_by` says what chose it.

## `aichaos doctor -o json`

`answers` is a list of [Diagnosed](#diagnosed). With `--rbac`: `namespaces` and `roles`, the objects to apply.

## `aichaos library -o json`

`list` and `search`: a [Catalogue](#catalogue). `show`: an [Entry](#entry). `render`: a [Rendered](#rendered). `check`: a [Tried](#tried).

## `aichaos gameday -o json`

One event a line: those of each run, and between them `gameday-scenario` (`number`, `of`, `name`) and `gameday-gate` (`gate`, `opened`,
`why`). The last one is `gameday-finished` with `code`, the exit code, and `debrief`, a path.
`gameday debrief -o json`: a [Debrief](#debrief).

## `aichaos backlog -o json`

A [Backlog](#backlog).

## `aichaos report -o json`

A [Results](#results): everything that is known of a run, computed from its files. [results.schema.json](results.schema.json) is its JSON
Schema; `experiment` in it is as in [experiment.md](experiment.md). `version` is raised when a field changes its meaning or goes away.
`-o junit` is JUnit XML: a case for the prediction, one for each promise, and one for the restore.

## `aichaos run -o json`

One event a line, each with its name in `event`, the last one `finished`. The plan, what the guard refuses and all other text go to standard
error; a run that the guard refuses prints no event. With `--rehearse`, one document: `steps`, a list of [Rehearsed](#rehearsed).

{_events()}
## `aichaos runs -o json`

A list of [Past](#past); with `--cluster` a list of [Active](#active), of one or none.

## `aichaos progressive -o json`

One event a line: before each run `progressive-stage` (`knob`, `value`, `repeat`, `of`), then those of the run. The last one is
`progressive-finished`, with the fields of a [Course](#course).

## `samples.jsonl`

What the probes of a run saw, in its folder: a [Second](#second) a line. `about.json`, `journal.jsonl` and `report.json` beside it are what
`report -o json` is computed from.

## Shapes

{shapes}"""


_LAST = (
    samples.Second,
    settings.Effective,
    Listed,
    listing.Past,
    listing.Active,
    checked.Left,
    checked.Quiet,
    diagnosis.Diagnosed,
    Rehearsed,
)


def _events() -> str:
    """All that a run can tell."""
    rows = []
    for one in running.Event.__subclasses__():
        fields = ", ".join(f"`{field.encode_name}` ({typed(field.type)})" for field in msgspec.structs.fields(one))
        rows.append([f"`{one.__struct_config__.tag}`", plain(own_doc(one)), fields])
    return table(["`event`", "When", "Fields"], rows)


def _told_apart(shown: Iterable[type[msgspec.Struct]]) -> list[type[msgspec.Struct]]:
    """The shapes as they are; a link leads to a name, so no two may have the same. Raises ValueError."""
    found = list(shown)
    twice = [name for name, count in Counter(one.__name__ for one in found).items() if count > 1]
    if twice:
        raise ValueError(f"two shapes of the page are called {', '.join(twice)}")
    return found


def _shape(one: type[msgspec.Struct]) -> str:
    rows = (
        [f"`{field.encode_name}`", typed(field.type).replace("(#experiment)", "(experiment.md)")] for field in msgspec.structs.fields(one)
    )
    return f"### {one.__name__}\n\n{paragraph(own_doc(one))}{table(['Field', 'Type'], rows)}"
