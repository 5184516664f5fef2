"""`litmus`: the ChaosEngines of an experiment, a file each, in their order. Litmus undoes each fault at its end."""

from aichaos.files import yaml
from aichaos.files.plain import text
from aichaos.report.export.outline import Exported, File, Outline, engine_of, left_out, nothing, unasked


def export(outline: Outline) -> Exported:
    files: list[File] = []
    told: list[str] = []
    for move in outline.moves:
        manifest = move.manifest or {}
        if engine_of(manifest) == "litmus" and text(manifest.get("kind")) == "ChaosEngine":
            files.append(File(name=f"{move.number:02d}-engine.yaml", text=yaml.dump(manifest)))
        else:
            told.append(left_out(move, "a ChaosEngine is a fault of Litmus and nothing else"))
    if not files:
        return nothing(told, "no step is a ChaosEngine")
    if len(files) > 1:
        told.append("start the next engine when the one before has ended: engines know nothing of each other")
    told += unasked(outline, "an engine without a probe of its own")
    return Exported(files=files, start=f"kubectl create -f {files[0].name}", notes=told)
