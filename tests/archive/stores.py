"""Small stores, made by hand, for the tests of everything that reads one.

store = make_store(
    tmp_path / "s",
    {
        "cats/a.mp4": video([[1, 0], [0, 1]], clips=[clip(0, 2, [1, 1], {"tabby": 0.9})]),
        "b.mp4": failed("not a video"),
    },
)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from ghoststream.archive.schema import CLIPS, EVENTS, FRAMES, Recipe, schemas
from ghoststream.archive.store import Store, open_store
from ghoststream.archive.writer import VideoRows, open_writer

FEATURES = 8
RECIPE = Recipe(
    model="ghostnet_100",
    weights_sha256="ab" * 32,
    preprocessing={"input_size": 224, "framing": "center"},
    configuration={"sampling": "1 fps", "window": "2", "hop": "1", "pooling": "mean"},
    frame_features=FEATURES,
    clip_features=FEATURES,
)
ARCHIVE = Path("/archive")
"""Where the videos of such a store are said to lie; nothing is there."""
TICKS = 1000
"""A second, in units of the time base."""

Numbers = Sequence[float] | np.ndarray


@dataclass(frozen=True, kw_only=True)
class SmallVideo:
    """What to store of one video."""

    frames: tuple[dict[str, object], ...] = ()
    clips: tuple[dict[str, object], ...] = ()
    events: tuple[dict[str, object], ...] = ()
    error: str | None = None


def video(
    vectors: Sequence[Numbers],
    *,
    times: Sequence[float] | None = None,
    contrast: float | Sequence[float] = 50.0,
    clips: Sequence[dict[str, object]] = (),
    events: Sequence[dict[str, object]] = (),
) -> SmallVideo:
    """One with a sampled frame for each vector.

    Args:
        vectors: of up to 8 numbers, zeros follow.
        times: in seconds; unset, 0, 1, 2 and so on. A frame ends where the next one begins.
        contrast: of each frame, or of all.
        clips: from `clip`.
        events: from `event`.
    """
    starts = list(range(len(vectors))) if times is None else list(times)
    steps = [after - before for before, after in pairwise(starts)]
    ends = [*starts[1:], starts[-1] + (steps[-1] if steps else 1)] if starts else []
    contrasts = np.broadcast_to(contrast, len(starts)).tolist()
    frames = (
        {
            "frame": number,
            "pts": round(start * TICKS),
            "time_base": f"1/{TICKS}",
            "seconds": float(start),
            "end_seconds": float(end),
            "contrast": level,
            "vector": padded(vector),
        }
        for number, (start, end, level, vector) in enumerate(
            zip(starts, ends, contrasts, vectors, strict=True)
        )
    )
    return SmallVideo(frames=tuple(frames), clips=tuple(clips), events=tuple(events))


def failed(error: str) -> SmallVideo:
    """One of which nothing could be had."""
    return SmallVideo(error=error)


def clip(
    start: float, end: float, vector: Numbers, labels: Mapping[str, float] | None = None
) -> dict[str, object]:
    """A clip with its labels and their scores, best first."""
    names = labels or {}
    return {
        "start_seconds": float(start),
        "end_seconds": float(end),
        "labels": list(names),
        "label_ids": list(range(len(names))),
        "scores": list(names.values()),
        "vector": padded(vector),
    }


def event(
    kind: str, label: str, start: float, end: float | None = None, *, score: float = 0.75
) -> dict[str, object]:
    """A `new`, `update` or `end`."""
    return {
        "type": kind,
        "id": f"{start:g}-{label}",
        "label": label,
        "label_id": 0,
        "score": score,
        "top_score": score,
        "start_seconds": float(start),
        "end_seconds": end,
        "frame_seconds": float(start if end is None else end),
    }


def make_store(
    address: Path, videos: Mapping[str, SmallVideo], *, recipe: Recipe = RECIPE
) -> Store:
    """Makes a store, or adds to it.

    Args:
        address: directory.
        videos: by their path below `/archive`.
    """
    with open_writer(address, recipe) as writer:
        writer.append([video_rows(name, small, recipe) for name, small in videos.items()])
    return open_store(address)


def video_rows(name: str, small: SmallVideo, recipe: Recipe = RECIPE) -> VideoRows:
    """All rows of one video, as the writer takes them."""
    tables = {FRAMES: small.frames, CLIPS: small.clips, EVENTS: small.events}
    wanted = schemas(recipe)
    return VideoRows(
        row=_row(name, small),
        **{
            table: pa.Table.from_pylist(_owned(name, table, rows), schema=wanted[table])
            for table, rows in tables.items()
        },
    )


def video_id(name: str) -> str:
    """The id that `make_store` gives to a video."""
    return sha256(name.encode()).hexdigest()[:16]


def padded(vector: Numbers) -> np.ndarray:
    """With zeros up to 8 numbers."""
    values = np.asarray(vector, np.float16)
    return np.pad(values, (0, max(FEATURES - len(values), 0)))


def with_configuration(**configuration: object) -> Recipe:
    """The recipe, with other settings."""
    return replace(RECIPE, configuration={**RECIPE.configuration, **configuration})


def _owned(name: str, table: str, rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Rows with the video's id and their place, under the names that the table has for it."""
    places = {FRAMES: (), CLIPS: ("clip", "sequence"), EVENTS: ("sequence",)}[table]
    return [
        {"video": video_id(name), **dict.fromkeys(places, number), **row}
        for number, row in enumerate(rows)
    ]


def _row(name: str, small: SmallVideo) -> dict[str, object]:
    path = ARCHIVE / name
    starts = [frame["seconds"] for frame in small.frames]
    ends = [frame["end_seconds"] for frame in small.frames]
    is_done = small.error is None
    return {
        "video": video_id(name),
        "path": str(path),
        "path_bytes": bytes(path),
        "source": name,
        "size": 1000 + len(small.frames),
        "mtime_ns": 10**18,
        "content_sha256": sha256(name.encode()).hexdigest() if is_done else None,
        "status": "done" if is_done else "failed",
        "error": small.error,
        "error_code": None if is_done else "SOURCE_NOT_A_VIDEO",
        "start_seconds": min(starts, default=0.0) if is_done else None,
        "duration_seconds": max(ends, default=0.0) - min(starts, default=0.0) if is_done else None,
        "frames": len(starts),
        "skipped": 0,
        "sampled": len(starts),
        "clips": len(small.clips),
        "events": len(small.events),
        "dropped": 0,
        "decode_errors": 0,
        "header": "{}" if is_done else None,
    }
