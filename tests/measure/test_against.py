"""What came is held against what was foretold, by what the answers tell."""

import pytest

from aichaos.domain.prediction import Answer, BackendShare
from aichaos.domain.sample import Sample
from aichaos.measure.against import differs
from aichaos.measure.figures import Tally
from aichaos.measure.samples import line_of


def tally(*answers: tuple[str, str | None]) -> Tally:
    """Each answer's status, and the Service that it names."""
    found = Tally()
    found.take(
        line_of(
            *(
                Sample(probe="p", at=float(n), outcome="good", status=int(status), backend=backend)
                for n, (status, backend) in enumerate(answers)
            )
        )
    )
    return found


def to(*shares: tuple[str, float, int | None]) -> Answer:
    parts = (BackendShare(service=service, port=80, share=share, ready_endpoints=1, status=status) for service, share, status in shares)
    return Answer(outcome="forward", backends=tuple(parts))


WEB = ("200", "shop/web")
UNTOLD = ("200", None)


@pytest.mark.parametrize(
    ("answer", "seen", "says"),
    [
        (to(("shop/web", 1.0, None)), [WEB, WEB, UNTOLD], ""),
        (to(("shop/web", 1.0, None)), [WEB, UNTOLD, UNTOLD, UNTOLD], ""),
        (to(("shop/web", 1.0, None)), [WEB, WEB, ("503", None)], "503 (1 of 3), which was not foretold"),
        (to(("shop/web", 0.5, None), ("shop/api", 0.5, None)), [WEB] * 60 + [UNTOLD] * 60, "shop/web gave 60 of 60 answers, foretold 50%"),
        (to(("shop/web", 0.5, None), ("shop/api", 0.5, 500)), [WEB] * 30 + [UNTOLD] * 30 + [("500", None)] * 30, ""),
        (to(("shop/web", 0.5, None), ("shop/api", 0.5, 500)), [WEB] * 60 + [UNTOLD] * 30, "shop/web gave 60 of 60 answers, foretold 50%"),
    ],
)
def test_an_answer_that_does_not_say_whose_it_is_is_no_difference(answer: Answer, seen: list[tuple[str, str | None]], says: str) -> None:
    """A pod that has just taken another one's place is not known by its name yet."""
    assert differs(answer, tally(*seen)) == says
