"""Several processes give what one gives, and lose no more than the source that kills one."""

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from clips import noise, write_clip
from plain_job import every_frame, make_header, make_job, predictions

from ghoststream.errors import NotAVideo, SourceError
from ghoststream.pipeline import Watch
from ghoststream.runners.local import Job, Outcome, Progress, run_sources
from ghoststream.runners.workers import SPOOL_BYTES, _Message, _Spool, run_in_workers
from ghoststream.sinks.memory import Memory
from ghoststream.sources import Source, Stream, open_sources
from ghoststream.types import (
    Record,
    Sample,
)


def make_fatal_job() -> Job[Record]:
    """Dies of every source whose name says so, in the midst of it."""

    def items(samples: Iterator[Sample], source: Source, watch: Watch) -> Iterator[Record]:
        for count, record in enumerate(predictions(samples, source, watch)):
            yield record
            if "fatal" in source.name and count == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            if "mistake" in source.name and count == 2:
                raise ZeroDivisionError("a mistake of ours")

    return Job(header=make_header, samples=every_frame, items=items)


def make_slow_job() -> Job[Record]:
    def items(samples: Iterator[Sample], source: Source, watch: Watch) -> Iterator[Record]:
        for record in predictions(samples, source, watch):
            time.sleep(0.05)
            yield record

    return Job(header=make_header, samples=every_frame, items=items)


@dataclass(frozen=True)
class Deadly:
    """A source that takes its process along before it gives anything."""

    name: str = "deadly"
    is_live: bool = False

    def open(self) -> Stream:
        os.kill(os.getpid(), signal.SIGSEGV)
        raise AssertionError


def clip(folder: Path, name: str, frames: int = 5) -> Source:
    (source,) = open_sources(str(write_clip(folder / f"{name}.mp4", frames=frames, picture=noise)))
    return source


def run(sources: list[Source], sink: Memory, **options: object) -> list[Outcome]:
    settings = {"make_job": make_job, "workers": 2, "stop": threading.Event(), **options}
    return run_in_workers(sources, sink=sink, **settings)  # type: ignore[arg-type]


def test_gives_what_one_process_gives_in_the_same_order(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"this is no video" * 100)
    sources = [clip(tmp_path, "long", 60), clip(tmp_path, "b", 3), *open_sources(str(bad))]
    sources += [clip(tmp_path, name, 4) for name in ("d", "e", "f")]
    alone, together = Memory(), Memory()
    outcomes = run(sources, together)

    expected = run_sources(sources, make_job(), alone)
    assert [outcome.summary for outcome in outcomes] == [o.summary for o in expected]
    assert isinstance(outcomes[2].error, NotAVideo)
    assert together.headers == alone.headers
    assert together.predictions == alone.predictions
    assert together.summaries == alone.summaries
    assert [header.source for header in together.headers] == [
        source.name for source in sources if source.name != str(bad)
    ]


def test_tells_how_far_it_is(tmp_path: Path) -> None:
    seen: list[Progress] = []
    run([clip(tmp_path, "a"), clip(tmp_path, "b")], Memory(), progress=seen.append)

    assert {Path(progress.source).stem for progress in seen} == {"a", "b"}
    assert {progress.duration for progress in seen} == {Fraction(1, 5)}


def test_a_source_that_kills_its_worker_is_the_only_loss(tmp_path: Path) -> None:
    sources: list[Source] = [Deadly(), clip(tmp_path, "a"), Deadly(name="second"), Deadly()]
    sink = Memory()
    outcomes = run([*sources, clip(tmp_path, "b")], sink)

    assert [outcome.summary.reason for outcome in outcomes] == [
        "failed", "completed", "failed", "failed", "completed",
    ]  # fmt: skip
    assert str(outcomes[2].error).startswith(
        "second: the process that read it was ended by SIGSEGV"
    )
    assert [Path(header.source).stem for header in sink.headers] == ["a", "b"]
    assert len(sink.predictions) == 10


@pytest.mark.parametrize(("name", "reason"), [("fatal", "SIGKILL"), ("mistake", "a mistake of")])
def test_what_came_before_a_crash_is_kept(tmp_path: Path, name: str, reason: str) -> None:
    sink = Memory()
    outcomes = run(
        [clip(tmp_path, name), clip(tmp_path, "b")], sink, make_job=make_fatal_job, workers=2
    )

    assert [outcome.summary.reason for outcome in outcomes] == ["failed", "completed"]
    assert reason in str(outcomes[0].error)
    assert sink.summaries == [outcome.summary for outcome in outcomes]
    assert [Path(p.labels[0].label).stem for p in sink.predictions] == [name] * 3 + ["b"] * 5


def test_nothing_readable_is_an_error() -> None:
    with pytest.raises(SourceError, match="none of 2 sources could be read"):
        run([Deadly(), Deadly(name="second")], Memory())


def test_stops_in_order(tmp_path: Path) -> None:
    stop, begun = threading.Event(), set()
    sources = [clip(tmp_path, name, 200) for name in ("a", "b", "c", "d")]
    sink = Memory()

    def stop_when_both_are_at_it(progress: Progress) -> None:
        begun.add(progress.source)
        if len(begun) == 2:
            stop.set()

    outcomes = run(
        sources, sink, make_job=make_slow_job, stop=stop, progress=stop_when_both_are_at_it
    )

    assert [Path(outcome.source).stem for outcome in outcomes] == ["a", "b"]
    assert {outcome.summary.reason for outcome in outcomes} == {"interrupted"}
    assert [Path(header.source).stem for header in sink.headers] == ["a", "b"]
    assert sink.summaries == [outcome.summary for outcome in outcomes]


def test_results_that_wait_are_kept_on_disk() -> None:
    spool = _Spool()
    messages = [_Message(kind="write", content=bytes([k]) * (SPOOL_BYTES // 8)) for k in range(20)]
    for message in messages:
        spool.add(message)

    assert spool._file is not None
    assert spool._file._rolled  # type: ignore[attr-defined]
    assert list(spool.replay()) == messages
    assert list(_Spool().replay()) == []


def test_messages_can_be_sent() -> None:
    error = SourceError("clip.mp4: gone")
    assert str(pickle.loads(pickle.dumps(error))) == "clip.mp4: gone"
