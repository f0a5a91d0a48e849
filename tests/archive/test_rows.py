"""Findings become rows with the very numbers that were found."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ghoststream.archive import rows as rows_module
from ghoststream.archive.rows import Rows, video_id
from ghoststream.archive.schema import Recipe, schemas
from ghoststream.types import (
    Embedding,
    Event,
    EventState,
    Label,
    NamedClip,
    Prediction,
    SampledFrame,
    TimeSpan,
)

RECIPE = Recipe(
    model="ghostnet_100",
    weights_sha256="ab" * 32,
    preprocessing={},
    configuration={},
    frame_features=3,
    clip_features=3,
)
SPAN = TimeSpan(start=Fraction(1001, 30000), end=Fraction(2002, 30000))
VECTOR = np.array([1.0, 0.1, 70000.0], np.float32)


def frame(span: TimeSpan = SPAN) -> SampledFrame:
    return SampledFrame(embedding=Embedding(span=span, vector=VECTOR[:3] / 8), contrast=12.5)


def clip() -> NamedClip:
    score = float(np.float32(0.7))
    return NamedClip(
        embedding=Embedding(span=SPAN, vector=VECTOR / 8),
        prediction=Prediction(span=SPAN, labels=(Label(label="cup", label_id=3, score=score),)),
    )


def event() -> Event:
    state = EventState(
        id="0.033367-abcdef",
        label="cup",
        label_id=3,
        score=0.5,
        top_score=0.75,
        start_time=SPAN.start,
        end_time=None,
        frame_time=SPAN.end,
    )
    return Event(type="new", before=None, after=state)


def new_rows() -> Rows:
    return Rows("0123456789abcdef", schemas(RECIPE), time_base=Fraction(1, 30000))


def test_each_finding_has_its_row() -> None:
    rows = new_rows()
    for finding in (frame(), clip(), event(), clip()):
        rows.add(finding)
    tables = {name: table.to_pylist() for name, table in rows.tables().items()}
    half = [0.125, 0.0125, 8752.0]
    (stored,) = tables["frames"]
    assert stored.pop("vector") == pytest.approx(half, rel=1e-3)
    assert stored == {
        "video": "0123456789abcdef", "frame": 0, "pts": 1001, "time_base": "1/30000",
        "seconds": 1001 / 30000, "end_seconds": 2002 / 30000, "contrast": 12.5,
    }  # fmt: skip
    assert [(row["clip"], row["sequence"]) for row in tables["clips"]] == [(0, 0), (1, 2)]
    assert tables["clips"][0]["labels"] == ["cup"]
    # A score is a float32, and comes back as the same number.
    assert tables["clips"][0]["scores"] == [float(np.float32(0.7))]
    (told,) = tables["events"]
    assert told == {
        "video": "0123456789abcdef", "sequence": 1, "type": "new", "id": "0.033367-abcdef",
        "label": "cup", "label_id": 3, "score": 0.5, "top_score": 0.75,
        "start_seconds": 1001 / 30000, "end_seconds": None, "frame_seconds": 2002 / 30000,
    }  # fmt: skip


def test_a_time_that_is_of_no_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="1/7 s is no timestamp in units of 1/30000 s"):
        new_rows().add(frame(TimeSpan(start=Fraction(1, 7), end=Fraction(2, 7))))


def test_many_rows_wait_on_disk_and_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "SPOOL_BYTES", 10_000)
    rows = new_rows()
    for index in range(1000):
        start = Fraction(index, 30000)
        rows.add(frame(TimeSpan(start=start, end=start)))
    spool = rows._tables["frames"]
    assert spool._file is not None
    assert spool._held_bytes < 20_000
    tables = rows.tables()
    assert tables["frames"]["pts"].to_pylist() == list(range(1000))
    assert tables["clips"].num_rows == 0


def test_an_id_is_of_a_place_and_a_content() -> None:
    path = Path("/a/b.mp4")
    expected = hashlib.sha256(b"/a/b.mp4\0abc").hexdigest()[:16]
    assert video_id(path, "abc") == expected
    others = {video_id(path, "abd"), video_id(path, None), video_id(Path("/a/c.mp4"), "abc")}
    assert len(others | {expected}) == 4
