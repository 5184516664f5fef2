"""Whatever a document holds, admission has an answer and no exception."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aichaos.check.admission import admission_findings
from aichaos.check.admission.defaults import mutated, told
from aichaos.check.schema import schema_findings
from aichaos.check.schema.bundle import bundled
from tests.agreement.mutate import families

DOCUMENTS = [document for documents in families().values() for document in documents]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "$(VAR)",
            "99999999999E",
            "1e999",
            "-1e-999",
            "100E",
            "-",
            "0",
            "100%",
            "1e9999999",
            "9" * 400,
            "*/0 * * * *",
            "10.0.0.0/8",
            "::ffff:1.2.3.4",
            "٣",
            "²",
        ]
    )
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(found for key, item in children for found in places(item, (*path, key)))]


PLACES = [(index, path) for index, document in enumerate(DOCUMENTS) for path in places(document) if path[0] not in ("apiVersion", "kind")]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {**value, path[0]: replaced(value[path[0]], path[1:], new)}
    return [*value[: path[0]], replaced(value[path[0]], path[1:], new), *value[path[0] + 1 :]]


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), ANYTHING)
def test_any_value_at_any_place_has_an_answer(place: tuple[int, tuple[Any, ...]], value: Any) -> None:
    document = replaced(DOCUMENTS[place[0]], place[1], value)
    schema = bundled(document["apiVersion"], document["kind"])
    changed = mutated(document, schema)
    list(told(schema_findings(changed), document))
    list(admission_findings(changed, schema))
