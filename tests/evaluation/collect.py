"""Collects answers of a model to the suite's prompts: `python -m tests.evaluation.collect FOLDER ID…`.

For each question it writes `FOLDER/ID/ideas.prompt.txt`. When a model's answer lies beside it as `ideas.md`, the same command writes
`FOLDER/ID/IDEA.prompt.txt` for the experiment of each idea; its answer belongs in `IDEA.md`. Nothing is asked here: whoever holds a model
gives it the prompt and nothing else, and keeps its words as they are. `aichaos eval --backend replay --model FOLDER` then scores them.
"""

import sys
from pathlib import Path

import msgspec

from aichaos.ask import parse
from aichaos.ask.prompting import render
from aichaos.ask.protocol import Facts, Kind
from aichaos.ask.words import read
from aichaos.evaluation.clusters import cluster
from aichaos.evaluation.suite import Question, suite


def main(folder: Path, chosen: list[str]) -> None:
    for question in suite().questions:
        if question.id in chosen:
            for path in write(folder / question.id, question):
                print(path)


def write(folder: Path, question: Question) -> list[Path]:
    """The prompts of a question that can be written by now and are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = Facts(topology=cluster(question.cluster), words=read(question.words), count=question.count)
    written = _prompt(folder / "ideas.prompt.txt", "ideas", facts)
    answer = folder / "ideas.md"
    if answer.exists():
        ideas, _ = parse.ideas(answer.read_text(encoding="utf-8"))
        for idea in ideas[: question.count]:
            written += _prompt(folder / f"{idea.id}.prompt.txt", "experiment", msgspec.structs.replace(facts, idea=idea))
    return written


def _prompt(path: Path, kind: Kind, facts: Facts) -> list[Path]:
    if path.exists():
        return []
    prompt = render(kind, facts)
    path.write_text(f"{prompt.system}\n\n{prompt.text}", encoding="utf-8")
    return [path]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
