"""A store that can be searched by what pictures and videos show, not by vectors alone.

store = open_store("archive.store")
for moment in store.search(video="clip.mp4@12.5", limit=5):
    print(moment.path, moment.start_seconds, moment.end_seconds, moment.score)
"""

import os
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from ghoststream.archive.database import Connection, connect, require_store
from ghoststream.archive.moments import Moment
from ghoststream.archive.search import Excluded, Filters, labelled, nearest
from ghoststream.archive.store import Store
from ghoststream.errors import ConfigError
from ghoststream.runners.query import Lens, parse_moment, parse_stretch
from ghoststream.types import Device, Precision, Vector

DEFAULT_LIMIT = 10

Table: TypeAlias = Literal["frames", "clips"]
SAME_PICTURE_SECONDS = 1.0
"""What a video shows so near to a moment is that moment, not another one that is like it."""


def open_store(
    address: Path | str,
    *,
    weights: str | Path = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
) -> "SearchableStore":
    """Opens a store that `ghoststream embed` or `label` has made.

    Args:
        address: its directory, or an object store's address such as s3://bucket/archive.
        weights: for queries: a file, where the store's weights are not found by themselves.
        device: for queries, as in `ghoststream.run`.
        precision: likewise.

    Raises:
        StoreError: there is none, or one that this version cannot read.

    Example:
        >>> open_store("archive.store").search(image="query.jpg", limit=3)
    """
    require_store(address)
    return SearchableStore(
        connect(address), str(address), weights=weights, device=device, precision=precision
    )


class SearchableStore(Store):
    """What an archive holds, and where in it something is seen. Made by `open_store`.

    The network is loaded by the first query that needs it, and kept for the next.
    """

    def __init__(
        self,
        connection: Connection,
        address: str,
        *,
        weights: str | Path,
        device: Device,
        precision: Precision,
    ) -> None:
        super().__init__(connection, address)
        self._lens = Lens(self.recipe, address, weights=weights, device=device, precision=precision)

    def search(
        self,
        *,
        image: str | Path | None = None,
        video: str | None = None,
        clip: str | None = None,
        vector: Vector | None = None,
        label: str | None = None,
        path: str | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> list[Moment]:
        """Moments that show what is asked for, best first; exactly one of the first four, or label.

        Args:
            image: a picture file.
            video: a moment of a video, `clip.mp4@12.5`, in seconds on its own clock.
            clip: a stretch of one, `clip.mp4@10-15`; compared to clips, the others to frames.
            vector: made in the same way as those of the store.
            label: alone, what clips were named; beside another query, what they must be named.
            path: a glob that the videos' paths must match.
            start_seconds: moments that end before it are left out.
            end_seconds: moments that start after it are left out.
            limit: moments, at most.

        Raises:
            ConfigError: no query or several, or a moment that its video does not have.
            SourceError: the picture or video cannot be read.
            WeightsError: the store's weights are not to be had.

        Example:
            >>> store.search(label="tabby", path="*.mp4", limit=5)
        """
        queries = {"image": image, "video": video, "clip": clip, "vector": vector}
        given = [name for name, query in queries.items() if query is not None]
        if len(given) > 1 or not (given or label):
            raise ConfigError(
                f"{' and '.join(given) or 'no query'} given; give one of image, video, clip, "
                "vector and label, where label may stand beside another"
            )
        filters = Filters(
            path=path,
            start_seconds=start_seconds,
            end_seconds=end_seconds,
            label=label if given else None,
        )
        if label is not None and not given:
            return labelled(self, label, filters=filters, limit=limit)
        looked_for, table, own = self._query(image, video, clip, vector)
        return nearest(self, looked_for, table=table, filters=filters, limit=limit, exclude=own)

    def _query(
        self,
        image: str | Path | None,
        video: str | None,
        clip: str | None,
        vector: Vector | None,
    ) -> tuple[Vector, Table, Excluded | None]:
        """The vector, what to compare it with, and where in the store it comes from itself."""
        if image is not None:
            return self._lens.picture(Path(image)), "frames", None
        if video is not None:
            moment = parse_moment(video)
            near = SAME_PICTURE_SECONDS
            place = self._place(moment.path, moment.seconds - near, moment.seconds + near)
            return self._lens.moment(moment), "frames", place
        if clip is not None:
            stretch = parse_stretch(clip)
            place = self._place(stretch.path, stretch.start_seconds, stretch.end_seconds)
            return self._lens.stretch(stretch), "clips", place
        assert vector is not None
        return np.asarray(vector, np.float32), self._table_for(vector), None

    def _place(self, path: Path, start_seconds: float, end_seconds: float) -> Excluded | None:
        """None where the video is not one of the store's."""
        there = self.ids_by_path()
        spellings = (os.fsencode(path.absolute()), os.fsencode(path.resolve()))
        known = next((spelling for spelling in spellings if spelling in there), None)
        return None if known is None else (known, start_seconds, end_seconds)

    def _table_for(self, vector: Vector) -> Table:
        recipe, features = self.recipe, np.shape(vector)
        if features == (recipe.frame_features,):
            return "frames"
        if features == (recipe.clip_features,):
            return "clips"
        raise ConfigError(
            f"a vector of shape {features} cannot be compared: those of frames have "
            f"{recipe.frame_features} numbers, those of clips {recipe.clip_features}"
        )
