"""Logs made of rows are the logs that the sink wrote."""

import json
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from results import HEADER, SUMMARY
from stores import RECIPE, failed, make_store, video, video_id, video_rows

from ghoststream.archive.rows import Rows
from ghoststream.archive.schema import schemas
from ghoststream.archive.store import open_store
from ghoststream.archive.writer import VideoRows, open_writer
from ghoststream.errors import StoreError
from ghoststream.events import EventRules, debounce
from ghoststream.runners import log
from ghoststream.runners.log import log_lines
from ghoststream.sinks.jsonl import JsonLines
from ghoststream.sinks.records import header_record
from ghoststream.types import (
    Embedding,
    Event,
    Finding,
    Header,
    Label,
    NamedClip,
    Prediction,
    Record,
    Summary,
    TimeSpan,
)

RULES = EventRules(enter=0.3, leave=0.2, gap_seconds=Fraction(1))
LABELS = ("кошка", "cup, mug", 'a "quoted" one')


def predictions(seed: int, count: int = 40) -> Iterable[Prediction]:
    """With scores and times that no short decimal number holds."""
    random = np.random.default_rng(seed)
    for index in range(count):
        start = Fraction(-7, 3) + index * Fraction(1001, 3000)
        scores = random.random(3, np.float32) ** 2
        order = np.argsort(-scores)
        yield Prediction(
            span=TimeSpan(start=start, end=start + Fraction(2, 3)),
            labels=tuple(
                Label(label=LABELS[i], label_id=int(i), score=float(scores[i])) for i in order
            ),
        )


def analysed(source: str, seed: int) -> tuple[Header, list[Record], Summary]:
    records = list(debounce(predictions(seed), rules=RULES, source=source))
    clips = sum(isinstance(record, Prediction) for record in records)
    begun = sum(isinstance(record, Event) and record.type == "new" for record in records)
    return replace(HEADER, source=source), records, replace(SUMMARY, clips=clips, events=begun)


def logged(path: Path, header: Header, records: list[Record], summary: Summary) -> bytes:
    with JsonLines(path) as sink:
        sink.start(header)
        for record in records:
            sink.write(record)
        sink.finish(summary)
    return path.read_bytes()


def finding(record: Record) -> Finding:
    if isinstance(record, Event):
        return record
    vector = Embedding(span=record.span, vector=np.zeros(8, np.float32))
    return NamedClip(embedding=vector, prediction=record)


def stored(directory: Path, videos: dict[str, int]) -> dict[str, bytes]:
    """Stores what the analysis of each video gives, and tells what the sink wrote of it."""
    logs, rows = {}, []
    for source, seed in videos.items():
        header, records, summary = analysed(source, seed)
        logs[source] = logged(directory / "log.jsonl", header, records, summary)
        found = Rows(video_id(source), schemas(RECIPE), time_base=HEADER.stream.time_base)
        for record in records:
            found.add(finding(record))
        ends = {key: getattr(summary, key) for key in ("frames", "skipped", "sampled", "clips")}
        ends |= {key: getattr(summary, key) for key in ("events", "dropped", "decode_errors")}
        text = header_record(header).model_dump_json(by_alias=True)
        row = {**video_rows(source, video([])).row, **ends, "header": text}
        rows.append(VideoRows(row=row, **found.tables()))
    with open_writer(directory / "store", RECIPE) as writer:
        # Backwards, so that the order of the table is another one than that of the question.
        for whole in reversed(rows):
            writer.append([whole])
    return logs


VIDEOS = {"a.mp4": 1, "Küche/камера.mp4": 2, "c.mp4": 3}


@pytest.mark.parametrize("clips_a_scan", [100_000, 50, 1])
def test_logs_of_rows_equal_those_of_the_sink(
    tmp_path: Path, clips_a_scan: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "CLIPS_A_SCAN", clips_a_scan)
    logs = stored(tmp_path, VIDEOS)
    store = open_store(tmp_path / "store")
    rows = sorted(store.videos().to_pylist(), key=lambda row: list(VIDEOS).index(row["source"]))

    assert {row["source"]: text for row, text in log_lines(store, rows)} == logs
    assert all(text.count(b'"record":"event"') > 3 for text in logs.values())
    assert [row["source"] for row, _ in log_lines(store, rows)] == list(VIDEOS)


def test_a_log_under_another_name_is_that_of_a_run_under_this_name(tmp_path: Path) -> None:
    stored(tmp_path, {"a.mp4": 1})
    store = open_store(tmp_path / "store")
    row = {**store.videos().to_pylist()[0], "source": "moved/a.mp4"}

    [(_, text)] = log_lines(store, [row])

    assert text == logged(tmp_path / "moved.jsonl", *analysed("moved/a.mp4", 1))


def test_a_failed_video_is_one_line(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", {"b.mp4": failed("b.mp4 is no video")})
    lost = replace(
        SUMMARY,
        frames=0,
        skipped=0,
        sampled=0,
        clips=0,
        events=0,
        decode_errors=0,
        reason="failed",
        error="b.mp4 is no video",
    )
    with JsonLines(tmp_path / "log.jsonl") as sink:
        sink.lost("b.mp4", lost)

    [(_, text)] = log_lines(store, store.videos().to_pylist())

    assert text == (tmp_path / "log.jsonl").read_bytes()
    assert json.loads(text)["reason"] == "failed"


def test_a_video_that_went_meanwhile_is_said_so(tmp_path: Path) -> None:
    stored(tmp_path, {"a.mp4": 1})
    rows = open_store(tmp_path / "store").videos().to_pylist()
    with open_writer(tmp_path / "store", RECIPE) as writer:
        writer.forget([video_id("a.mp4")])

    with pytest.raises(StoreError, match=r"a\.mp4 was replaced or removed while its log was read"):
        list(log_lines(open_store(tmp_path / "store"), rows))


def test_no_videos_no_logs(tmp_path: Path) -> None:
    assert list(log_lines(make_store(tmp_path / "store", {}), [])) == []
