"""The results of a run with a summary by a model: the report goes through the veil to a backend that the user chose, and what comes back
stands in the report only where every number of it does, too.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aichaos.ask.protocol import Prompt
from aichaos.domain.experiment import to_document
from aichaos.domain.results import Results
from aichaos.report.results_markdown import figures

if TYPE_CHECKING:
    from aichaos.ask.conversation import Manner, Say
    from aichaos.ask.protocol import Backend
    from aichaos.ask.summing import Summed

BY_RULES = "the playbook writes no summary: everything in the report is written by rules from the data"


def summed(found: Results, backend: "Backend", manner: "Manner", say: "Say") -> "tuple[Results, Summed | None]":
    """None where the backend has no model. Raises BackendError, UsageError."""
    if not backend.prompted:
        return found, None
    from aichaos.ask.summing import summarise

    told = summarise(backend, figures(found), tuple(names(found)), found.digest, manner, say)
    return replace(found, summary=told.summary), told


def prompt(found: Results, manner: "Manner") -> Prompt:
    """Exactly what a model would be sent first. Raises UsageError."""
    from aichaos.ask.summary_prompt import render
    from aichaos.ask.summing import facts_of
    from aichaos.ask.veil import Veil

    facts = facts_of(figures(found), tuple(names(found)))
    return render("summary", facts, budget=manner.budget, veil=Veil(names=manner.anonymize, known=facts.names))


def names(found: Results) -> Iterator[str]:
    """What of a report may tell whose cluster it is: names of objects, namespaces, hosts, the run itself."""
    from aichaos.ask.veil import names_in

    yield from (found.run, found.experiment_name, found.host)
    if found.experiment is not None:
        yield from names_in(to_document(found.experiment))
        yield from found.experiment.spec.scope.namespaces
    if found.blast_radius is not None:
        yield from found.blast_radius.namespaces
    texts = [change.object for change in found.changes]
    texts += [name for probe in found.probes for window in probe.windows for name in window.backends]
    texts += [text for way in found.ways for text in (way.listener, way.route, way.service)]
    texts += [one.object for one in found.left_over] + [one.object for one in found.foreign]
    for text in texts:
        yield from (part for part in text.split("/")[-2:] if part)
    for one in found.prediction:
        yield from (host[1] for host in re.finditer(r"://([^/:\s]+)", one.request))
