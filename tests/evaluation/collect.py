"""Collects answers of a model to the suite's prompts: `python -m tests.evaluation.collect FOLDER ID…`.

It goes through the questions as `suggest` does, with the answers that are there already, and writes each prompt that has no answer yet:
`FOLDER/ID/ideas.prompt.txt`, then `IDEA.prompt.txt` for the experiment of each idea, then `IDEA.repair-1.prompt.txt` where the checks found
errors in it, and so on. The answer belongs beside it under the same name with `.md`; then the command is run again. Nothing is asked here:
whoever holds a model gives it the prompt and nothing else, and keeps its words as they are. `aichaos eval --backend replay --model FOLDER`
scores them.
"""

import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from aichaos.ask.conversation import Manner, Means, ask
from aichaos.ask.protocol import Facts, Progress, Prompt, Question, Reply
from aichaos.ask.words import read
from aichaos.assess import judge, mend
from aichaos.check.decode import experiment_of
from aichaos.domain.policy import NO_POLICY
from aichaos.errors import BackendError
from aichaos.evaluation.clusters import cluster
from aichaos.evaluation.suite import Question as Asked
from aichaos.evaluation.suite import suite


class Collecting:
    """A backend that has the answers of a folder, and writes down each prompt that has none."""

    name: ClassVar[str] = "collect"
    about: ClassVar[str] = "answers of a folder; a prompt without one is written there"
    key_variable: ClassVar[str | None] = None
    prompted: ClassVar[bool] = True
    remote: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self.model: str | None = None
        self.written: list[Path] = []
        self.used: set[Path] = set()
        self._folder = folder
        self._rounds: dict[str, int] = defaultdict(int)

    def answer(self, question: Question, progress: Progress) -> Reply:
        idea = question.facts.idea
        name = idea.id if question.kind == "experiment" and idea is not None else question.kind
        if question.facts.attempt is not None:
            self._rounds[name] += 1
            name = f"{name}.repair-{self._rounds[name]}"
        answer, asked = self._folder / f"{name}.md", self._folder / f"{name}.prompt.txt"
        if answer.exists():
            self.used.add(answer)
            return Reply(text=answer.read_text(encoding="utf-8"), counted=False, keep=False)
        if not asked.exists():
            asked.write_text(written(question.prompt), encoding="utf-8")
            self.written.append(asked)
        raise BackendError(f"{answer} is not there yet", hint="Give the prompt to a model.")


def written(prompt: Prompt) -> str:
    """A prompt as one text: the system part and the question; where the answer is to be mended, all turns."""
    if len(prompt.turns) == 1:
        return f"{prompt.system}\n\n{prompt.text}"
    turns = (f"=== {'question' if turn.role == 'user' else 'your answer'}\n{turn.text}" for turn in prompt.turns)
    return "\n\n".join([prompt.system, *turns])


def collect(folder: Path, question: Asked) -> Collecting:
    """Goes through a question with the answers that are there; the prompts that have none and are not there yet are written."""
    folder.mkdir(parents=True, exist_ok=True)
    topology = cluster(question.cluster)
    facts = Facts(topology=topology, words=read(question.words), count=question.count)
    backend = Collecting(folder)
    means = Means(
        digest=topology.snapshot.digest,
        decode=experiment_of,
        judge=judge(topology, NO_POLICY),
        mend=mend,
        say=lambda line: None,
        manner=Manner(),
    )
    with suppress(BackendError):  # an answer is missing: what was asked for it is written
        ask(backend, facts, means)
    return backend


def main(folder: Path, chosen: list[str]) -> None:
    for question in suite().questions:
        if question.id in chosen:
            for path in sorted(collect(folder / question.id, question).written):
                print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
