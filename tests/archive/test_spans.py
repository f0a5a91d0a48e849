"""Spans of stored videos."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from stores import RECIPE, failed, make_store, video, video_id, video_rows

from ghoststream.archive import spans
from ghoststream.archive.spans import Span, embeddings_of
from ghoststream.archive.store import open_store
from ghoststream.archive.writer import open_writer
from ghoststream.types import Embedding


def numbers(frames: tuple[Embedding, ...]) -> list[float]:
    return [float(frame.vector[0]) for frame in frames]


def test_spans_are_cut_out_and_begin_with_their_start(tmp_path: Path) -> None:
    videos = {"a": video([[0], [1], [2], [3]]), "b": video([[8], [9]], times=[-1, 0.5])}
    store = make_store(tmp_path / "s", {**videos, "c": failed("no video")})
    found = embeddings_of(
        store,
        [
            Span(video=video_id("a"), start=1.0, end=3.0),
            Span(video=video_id("b")),
            Span(video=video_id("a"), end=1.5),
            Span(video=video_id("b"), start=-1.0, end=0.5),
            Span(video=video_id("a"), start=3.5),
            Span(video=video_id("c")),
        ],
    )
    assert list(map(numbers, found)) == [[1, 2], [8, 9], [0, 1], [8], [], []]
    assert found[0][0].vector.dtype == np.float32
    assert len(found[0][0].vector) == 8
    assert (found[0][0].span.start, found[0][0].span.end) == (1, 2)


def test_times_are_exact_and_a_printed_one_is_found_again(tmp_path: Path) -> None:
    """29.97 frames a second: no frame's time is a float."""
    rows = video_rows("a", video([[0], [1], [2]]))
    unit = Fraction(1, 30000)
    frames = rows.frames.to_pylist()
    for number, frame in enumerate(frames):
        start = (10**6 + number) * 1001
        frame |= {"pts": start, "time_base": "1/30000", "seconds": float(start * unit)}
        frame["end_seconds"] = float((start + 1001) * unit)
    schema = rows.frames.schema
    with open_writer(tmp_path / "s", RECIPE) as writer:
        exact = type(rows.frames).from_pylist(frames, schema=schema)
        writer.append(
            [type(rows)(row=rows.row, frames=exact, clips=rows.clips, events=rows.events)]
        )
    middle = 1001 * (10**6 + 1) * unit
    span = Span(video=video_id("a"), start=float(str(float(middle))), end=float(middle + 1))
    ((first, second),) = embeddings_of(open_store(tmp_path / "s"), [span])
    assert (first.span.start, first.span.end) == (middle, middle + 1001 * unit)
    assert first.span.end == second.span.start


def test_many_videos_take_several_queries(tmp_path: Path) -> None:
    count = spans.VIDEOS_A_QUERY + 3
    store = make_store(tmp_path / "s", {str(n): video([[n], [n]]) for n in range(count)})
    found = embeddings_of(store, [Span(video=video_id(str(n))) for n in reversed(range(count))])
    assert list(map(numbers, found)) == [[n, n] for n in reversed(range(count))]
