"""Samples on disk: small, whole after a kill, and no more memory for an hour than for a minute."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.sample import Outcome, Sample
from aichaos.errors import FileError
from aichaos.measure import samples
from aichaos.measure.latencies import Latencies, Writer
from aichaos.measure.samples import Recorder, Second, read

START = 1_700_000_000.0


def sample(at: float, outcome: Outcome = "good", seconds: float = 0.02, **more: object) -> Sample:
    return Sample(probe="p", at=START + at, outcome=outcome, seconds=seconds, **more)  # type: ignore[arg-type]


def kept(path: Path, *given: Sample, marks: tuple[float, ...] = ()) -> list[Second]:
    with Recorder(path) as recorder:
        for mark in marks:
            recorder.mark(START + mark)
        for one in given:
            recorder.add(one)
    return list(read(path))


def test_answers_of_a_second_are_one_line(tmp_path: Path) -> None:
    given = [sample(0.1, status=200, backend="shop/web"), sample(0.2, "bad", 2.0, why="no answer", status=503), sample(0.3, "none")]
    (line,) = kept(tmp_path / samples.NAME, *given)
    assert (line.good, line.bad, line.none, line.why) == (1, 1, 1, "no answer")
    assert (line.statuses, line.backends) == ({"200": 1, "503": 1}, {"shop/web": 1})
    assert [line.first_bad, line.last_good] == [START + 0.2, START + 0.1]
    seen = Latencies([line.latencies])
    assert seen.count == 2
    assert [seen.at(1), seen.longest] == pytest.approx([0.02, 2.0], rel=1e-3)


@given(st.lists(st.floats(1e-6, 3000), min_size=1, max_size=60), st.data())
def test_a_value_of_a_rank_is_the_one_that_the_histogram_library_finds(seconds: list[float], data: st.DataObject) -> None:
    seen = Latencies([Writer().text(seconds)])
    rank = data.draw(st.integers(1, len(seconds)))
    assert seen.at(rank) == seen._histogram.get_value_at_percentile(100 * rank / len(seconds)) * 1e-6
    assert seen.at(rank) == pytest.approx(sorted(seconds)[rank - 1], rel=2e-3, abs=1e-6)
    seen.add(Writer().text([0.5]))
    assert seen.at(seen.count) == seen.longest


def test_questions_without_an_answer_in_their_time_are_counted_and_older_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / samples.NAME
    late = sample(0.1, "bad", slow=True, why="no answer within 2s")
    (line,) = kept(path, late, sample(0.2, "bad", why="it answered 503, expected 200"), late)
    assert (line.bad, line.slow) == (3, 2)
    without = json.loads(path.read_bytes())
    del without["slow"]
    path.write_text(json.dumps(without) + "\n")
    (line,) = read(path)
    assert (line.bad, line.slow) == (3, 0)


def test_no_line_reaches_over_a_mark(tmp_path: Path) -> None:
    lines = kept(tmp_path / samples.NAME, sample(0.1), sample(0.9), sample(0.5, "bad"), marks=(0.5,))
    assert [(line.good, line.bad) for line in lines] == [(1, 0), (1, 1)]


def test_a_line_that_was_being_written_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / samples.NAME
    whole = kept(path, sample(0.1), sample(1.1))
    with path.open("ab") as file:
        file.write(b'{"probe":"p","at":17')
    assert list(read(path)) == whole


def test_a_line_that_is_none_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / samples.NAME
    path.write_bytes(b"\xff\xfe\n[]\n" + b'{"probe":"p","at":1,"to":2,"good":1}\n')
    unread: list[int] = []
    assert [line.good for line in read(path, unread.append)] == [1]
    assert unread == [1, 2]


def test_where_nothing_can_be_written_it_is_said_before_anything_begins(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot keep samples"):
        Recorder(tmp_path / "file" / samples.NAME).__enter__()


RATE = 500
LASTING = 3600 if os.environ.get("AICHAOS_HOUR") else 240


def test_an_hour_at_five_hundred_a_second_takes_no_more_memory_than_its_first_minute(tmp_path: Path) -> None:
    """The clock is simulated; the threads that ask, the file, and memory are those of a real process. `make hour` takes the whole hour, the
    tests four minutes."""
    command = [sys.executable, "-m", "tests.measure.hour", str(tmp_path), str(RATE), str(LASTING)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["asked"] == pytest.approx(RATE * LASTING, abs=600)
    assert told["samples"] == pytest.approx(told["asked"], abs=600), "all that was asked is in the results"
    assert told["grown"] < 3 << 20, "from its first minute to its last"
    assert told["size"] < LASTING * 1200
    assert told["timeline"] <= 601
    assert told["peak_of_results"] < 40 << 20, "reading it back, however long it was"
    assert told["truth_in_interval"], "and the figures are right"
