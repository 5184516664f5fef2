"""What a backend is: something that answers a question with text.

A backend is one class with one method, `answer`. A model gets the rendered prompt (`question.prompt`); a backend without a model
reads the same facts directly (`question.facts`). Whatever it answers is text and goes the same way: parsed, checked, shown.
"""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from aichaos.ask.words import Words
from aichaos.domain.experiment import Experiment
from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import Idea
from aichaos.observe.topology import Topology

Kind = Literal["ideas", "experiment", "refine", "summary"]
Progress = Callable[[str], None]
"""Called with each piece of an answer as it arrives, or once with the whole. May raise a ReplyError (an answer without end): let it pass,
it ends the request."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a backend was chosen. `timeout` in seconds, for one answer. stream: piece by piece as it is written, or whole at the end.
    library: a folder with scenarios of the user's own, for a backend that chooses from scenarios."""

    model: str | None = None
    base_url: str | None = None
    timeout: float = 300.0
    max_tokens: int = 16_000
    stream: bool = True
    library: Path | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was not good enough: its text as it came, and what is wrong with it.

    examples: rule → how it looks where the rule lets it pass.
    """

    text: str
    findings: list[Finding]
    examples: dict[str, str] = {}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a question is asked.

    idea: the one whose experiment is asked for. experiment: the one to change (`refine`). attempt: the answer to mend; the question is
    asked again with it. said: what was said earlier in a conversation, oldest first, as lines that a prompt can show. report: of a run, to
    be summed up (`summary`); the cluster is an empty one then, and names holds those that may have to be hidden.
    """

    topology: Topology
    words: Words
    count: int = 3
    idea: Idea | None = None
    experiment: Experiment | None = None
    attempt: Attempt | None = None
    said: tuple[str, ...] = ()
    report: str = ""
    names: tuple[str, ...] = ()


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    role: Literal["user", "assistant"]
    text: str


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what a model is sent: the system part, then the turns, the last of which is the user's.

    version: names the template, `ideas@1`. notes: what was left out. schema: JSON Schema of an answer in JSON, for servers that can be
    held to one; without such a server the text asks for the same in YAML. closed: whether the schema allows no field that it does not
    name, as strict modes demand.
    """

    system: str
    turns: tuple[Turn, ...]
    version: str
    notes: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    closed: bool = False

    @property
    def text(self) -> str:
        """What the user says last."""
        return self.turns[-1].text


class Question:
    """One question. Its prompt is rendered when it is first read, so that a backend without a model pays nothing for it."""

    def __init__(self, kind: Kind, facts: Facts, render: Callable[[Kind, Facts], Prompt]) -> None:
        self.kind = kind
        self.facts = facts
        self._render = render

    @cached_property
    def prompt(self) -> Prompt:
        return self._render(self.kind, self.facts)

    @property
    def rendered(self) -> bool:
        """Whether somebody has read the prompt: whether a model was asked."""
        return "prompt" in vars(self)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Text as it came, and what it cost.

    model: the one that answered. end: `done`, `length` (cut off at the token limit) or `refused`. counted: whether the provider gave
    the numbers of tokens; where it gave none they are 0. cost_usd: None where the price is not known. keep: whether the same question
    may be answered from the cache the next time.
    """

    text: str
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    counted: bool = True
    cost_usd: float | None = None
    end: Literal["done", "length", "refused"] = "done"
    notes: tuple[str, ...] = ()
    keep: bool = True


class Backend(Protocol):
    """The whole contract; `name` and `about` are shown by `aichaos backends`.

    key_variable: the environment variable that holds its key, None where it needs none. remote: whether cluster data leaves this
    machine. prompted: whether a model reads the prompt; without one there is nobody to mend an answer or to be asked twice at once.
    model: the one that will be asked. A class is built from `Options` alone; building one sends nothing.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    key_variable: ClassVar[str | None]
    prompted: ClassVar[bool]
    model: str | None

    @property
    def remote(self) -> bool: ...

    def answer(self, question: Question, progress: Progress) -> Reply:
        """Answer one question. Raises BackendError where there is no answer; PromptTooLongError where a shorter one may have one."""
        ...
