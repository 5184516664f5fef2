"""Answers of the real gateway beside what was foretold, and the causes of what the standard says otherwise, counted by their names."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from aichaos.domain.gateway import Route
from aichaos.domain.prediction import Answer as Predicted
from aichaos.predict.routing.departures import departures
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.request import read
from aichaos.predict.routing.table import Table
from aichaos.predict.routing.world import Key
from tests.controlplane.asking import Answer
from tests.predict.differential.generate import Asked
from tests.predict.differential.stage import fits, line


@dataclass
class Tally:
    """services: address of a pod → its Service. differences: what was not foretold, in words."""

    gateway: Key
    services: dict[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def compare(self, where: str, asked: Asked, answer: Answer, table: Table, routes: Iterable[Route]) -> None:
        """routes: all those that could have a say in this answer."""
        possible = table.possible(read(line(asked)), self.gateway)
        self.counts["asked"] += 1
        self.counts["left to chance"] += len(possible) > 1
        if not any(fits(each, answer, self.services) for each in possible):
            self.differences.append(f"{where} {asked}: {answer}, foretold {possible}")
        elif len(possible) == 1:
            self._name(asked, possible[0], table, list(routes))

    def _name(self, asked: Asked, answer: Predicted, table: Table, routes: list[Route]) -> None:
        request = read(line(asked))
        usual = Table(table.world, routes, STANDARD).answer(request, self.gateway)
        found = departures(answer, usual, table.profile, lambda other: Table(table.world, routes, other).answer(request, self.gateway))
        self.counts["otherwise by the standard"] += bool(found)
        self.causes.update(one.name for one in found)

    def report(self) -> str:
        named = "\n".join(f"  {count:5}  {name}" for name, count in self.causes.most_common())
        return f"{dict(self.counts)}, by cause:\n{named}"
