"""Searches, as the worker does them: it keeps the store and the network for the next one.

moments = await worker.call(search_picture, where, path, 24, timeout_seconds=60)
"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ghoststream.archive.moments import Moment
from ghoststream.archive.search import Excluded, labelled_as, labels_of, nearest, spoken
from ghoststream.archive.store import Store, open_store, quoted
from ghoststream.errors import TooLarge, Unsuitable
from ghoststream.runners.query import Lens, VideoMoment
from ghoststream.serve.archive.catalogue import CataloguedVideo
from ghoststream.serve.archive.item import Timeline
from ghoststream.serve.archive.timeline import Row, span_of, timeline_of
from ghoststream.serve.media.file import MediaFile
from ghoststream.serve.teach.naming import Naming, StoredVideo, frames_of, naming_of, records
from ghoststream.types import Device, Precision, Prediction, Vector

MAX_PICTURE_PIXELS = 50_000_000
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
SAME_PICTURE_SECONDS = 1.0
"""What a video shows so near to a moment is that moment, not another one that is like it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A store at one moment, and how its queries are looked at."""

    address: str
    version: int
    """Of the table of videos: with another one, the store is opened anew."""
    weights: str
    """A file, where those of the store are not found by themselves; else auto."""
    device: Device
    precision: Precision


def search_picture(place: Place, path: Path, limit: int) -> list[Moment]:
    """Moments that look like a picture, best first.

    Args:
        place: where to search.
        path: of the picture, from a stranger.
        limit: at most.

    Raises:
        Unsuitable: it is no picture.
        TooLarge: it has too many pixels.
        WeightsError: the store's weights are not to be had.
    """
    _check_picture(path)
    store = _opened(place)
    return nearest(store, _lens(place).picture(path), table="frames", limit=limit)


def search_like(
    place: Place, video: str, file: MediaFile, seconds: float, limit: int
) -> list[Moment]:
    """Moments that look like another one, which is left out itself.

    Args:
        place: where to search.
        video: its id in the store.
        file: that is looked into where the store has no vector near the time.
        seconds: on the video's own clock.
        limit: at most.

    Raises:
        Gone: there is no vector, and the file is not what it was.
        ConfigError: the video has no such time.
    """
    store = _opened(place)
    vector = _stored_vector(store, video, seconds)
    if vector is None:
        file.require_unchanged()
        vector = _lens(place).moment(VideoMoment(path=file.path, seconds=seconds))
    near = SAME_PICTURE_SECONDS
    own: Excluded = (bytes(file.path), seconds - near, seconds + near)
    return nearest(store, vector, table="frames", limit=limit, exclude=own)


def search_word(place: Place, word: str, limit: int) -> list[Moment]:
    """Moments whose clips show a label with a word in it: first where it is all of the label.

    Args:
        place: where to search.
        word: in any case.
        limit: at most.
    """
    store, wanted = _opened(place), word.strip().casefold()
    labels = _labels(place)
    exact = [label for label in labels if wanted in spoken(label)]
    others = [label for label in labels if wanted in label.casefold() and label not in exact]
    found = labelled_as(store, exact, limit=limit) if exact else []
    if others and len(found) < limit:
        found += labelled_as(store, others, limit=limit - len(found))
    return found


def named_timeline(place: Place, video: CataloguedVideo, head: Path) -> Timeline:
    """What a video shows as a head names it, from the embeddings of its frames.

    Args:
        place: the store.
        video: of it.
        head: a safetensors file.

    Raises:
        HeadError: it is damaged, or belongs to another network.
    """
    store = _opened(place)
    naming = naming_of(store.recipe, head)
    start, end = span_of(video)
    rows = _named_rows(store, video, naming)
    clips = math.ceil((end - start) / naming.config.hop)
    return timeline_of(rows, clips=clips, start_seconds=start, end_seconds=end)


def _named_rows(store: Store, video: CataloguedVideo, naming: Naming) -> Iterator[Row]:
    where = f"video = {quoted([video.video])}"
    for row in store.videos(where, columns=["sampled"]).to_pylist():
        stored = StoredVideo(video=video.video, source=video.source, sampled=row["sampled"])
        for found in records(frames_of(store, stored), naming, source=video.source):
            if isinstance(found, Prediction):
                yield _row(found)


def _row(clip: Prediction) -> Row:
    return {
        "start_seconds": float(clip.span.start),
        "end_seconds": float(clip.span.end),
        "labels": [label.label for label in clip.labels],
        "scores": [label.score for label in clip.labels],
    }


def _check_picture(path: Path) -> None:
    """By its header, before anything of it takes memory."""
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Unsuitable(
            f"that is no picture that can be read; take one of {', '.join(PICTURE_FORMATS)}"
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    if width * height > MAX_PICTURE_PIXELS:
        raise _too_large()


def _too_large() -> TooLarge:
    return TooLarge(
        f"the picture has more than {MAX_PICTURE_PIXELS // 1_000_000} million pixels; "
        "make it smaller"
    )


def _stored_vector(store: Store, video: str, seconds: float) -> Vector | None:
    """Of the sampled frame that is nearest, where one is near."""
    low, high = float(seconds) - SAME_PICTURE_SECONDS, float(seconds) + SAME_PICTURE_SECONDS
    where = f"video = {quoted([video])} AND seconds > {low!r} AND seconds < {high!r}"
    rows: list[dict[str, Any]] = []
    for batch in store.embeddings(where=where, columns=["seconds", "vector"]):
        rows.extend(batch.to_pylist())
    if not rows:
        return None
    best = min(rows, key=lambda row: abs(row["seconds"] - seconds))
    return np.asarray(best["vector"], np.float32)


@lru_cache(maxsize=1)
def _opened(place: Place) -> Store:
    return open_store(place.address)


@lru_cache(maxsize=1)
def _labels(place: Place) -> list[str]:
    return labels_of(_opened(place))


def _lens(place: Place) -> Lens:
    recipe = json.dumps(asdict(_opened(place).recipe), sort_keys=True, default=str)
    return _lens_for(place.address, recipe, place.weights, place.device, place.precision)


@lru_cache(maxsize=1)
def _lens_for(
    address: str, recipe: str, weights: str, device: Device, precision: Precision
) -> Lens:
    """The network outlives the versions of a store; `recipe` says when it must not."""
    return Lens(
        open_store(address).recipe, address, weights=weights, device=device, precision=precision
    )
