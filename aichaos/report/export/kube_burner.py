"""`kube-burner`: a job that sets a scenario up at scale: what the experiment creates, many times over, each in a namespace of its own.

Its `cleanup` is that of earlier runs, before it begins; what it has made is taken away by `kube-burner destroy`.
"""

import copy
from typing import Any

from aichaos.files import yaml
from aichaos.files.plain import mapping
from aichaos.report.export.outline import Exported, File, Outline, engine_of, left_out, unasked

ITERATIONS = 100
_ITERATION = "0iteration0"


def export(outline: Outline) -> Exported:
    told: list[str] = []
    files: list[File] = []
    for move in outline.moves:
        if move.manifest is None or move.file is None or move.step.verb not in ("create", "apply") or engine_of(move.manifest):
            told.append(left_out(move, "kube-burner sets up, it does no harm and undoes none"))
            continue
        files.append(File(name=move.file, text=_template(move.manifest)))
    if not files:
        return Exported(files=[], start="", notes=[*told, "no step creates anything: there is nothing to set up at scale"])
    name = outline.name[:40].rstrip("-")
    job = {
        "name": name,
        "jobType": "create",
        "jobIterations": ITERATIONS,
        "namespacedIterations": True,
        "namespace": name,
        "qps": 20,
        "burst": 20,
        "cleanup": True,
        "waitWhenFinished": True,
        "objects": [{"objectTemplate": file.name, "replicas": 1} for file in files],
    }
    told += unasked(outline, "kube-burner")
    told.append("what it makes stays, to be tried, until `kube-burner destroy -c job.yaml`; the next start takes the last one's away")
    told.append("names that the objects refer to (Gateways, Services) must be there in each namespace, or be given with theirs")
    files.insert(0, File(name="job.yaml", text=yaml.dump({"jobs": [job]})))
    return Exported(files=files, start="kube-burner init -c job.yaml", notes=told)


def _template(manifest: dict[str, Any]) -> str:
    """A template of kube-burner: it chooses the namespace, and the name carries the iteration. Braces that the manifest itself holds stay
    braces."""
    made = copy.deepcopy(manifest)
    metadata = dict(mapping(made.get("metadata")))
    metadata.pop("namespace", None)
    made["metadata"] = metadata | {"name": f"{metadata.get('name', 'object')}-{_ITERATION}"}
    return yaml.dump(made).replace("{{", '{{"{{"}}').replace(_ITERATION, "{{.Iteration}}")
