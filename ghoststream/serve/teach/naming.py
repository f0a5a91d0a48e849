"""Names the stored clips of an archive anew, from the embeddings of its frames: nothing is decoded.

naming = naming_of(store.recipe, Path("heads/door.safetensors"))
for video, events in name_videos(store, naming, videos): ...
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pyarrow as pa

from ghoststream.archive.schema import FRAMES, Recipe
from ghoststream.archive.spans import COLUMNS, stored_embeddings
from ghoststream.archive.store import Store, quoted
from ghoststream.config import AnalysisConfig, make_config
from ghoststream.errors import HeadError
from ghoststream.events import debounce
from ghoststream.heads import LinearHead, Training, check_head, load_head, predict
from ghoststream.pipeline import pooled_features, pooling_of, rules_of, with_settings_of_head
from ghoststream.pooling import pool
from ghoststream.types import Embedding, Event, EventState, Prediction, Record
from ghoststream.windows import windows

FRAMES_AT_ONCE = 16384
"""Of a store, in memory: about 40 MB of vectors."""
ORDERED = (*COLUMNS, "frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVideo:
    """What has to be known of a video to name it."""

    video: str
    """Its id in the store."""
    source: str
    sampled: int
    """Frames with an embedding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Naming:
    """A head, and the windows and thresholds that it was trained for."""

    head: LinearHead
    config: AnalysisConfig
    notice: str | None
    """Where the store's frames are others than those that it was trained on."""


def naming_of(recipe: Recipe, head: Path) -> Naming:
    """Reads a head, and checks that it can name what a store holds.

    Args:
        recipe: of the store.
        head: a safetensors file.

    Raises:
        HeadError: it is damaged, or belongs to another network.

    Example:
        >>> naming_of(open_store("archive.store").recipe, Path("door.safetensors")).notice
    """
    loaded = load_head(head)
    check_head(
        loaded,
        features=pooled_features(loaded, recipe.frame_features),
        pooling=loaded.pooling,
        backbone_sha256=recipe.weights_sha256,
    )
    if loaded.training is not None:
        _check_framing(recipe, loaded.training)
    config = with_settings_of_head(make_config(AnalysisConfig, {"head": head}))
    return Naming(head=loaded, config=config, notice=_other_rate(recipe, loaded.training))


def stored_videos(store: Store) -> list[StoredVideo]:
    """All that have frames to name."""
    columns = ["video", "source", "sampled"]
    rows = store.videos("status = 'done'", columns=columns).select(columns).to_pylist()
    return [StoredVideo(**row) for row in rows]


def name_videos(
    store: Store, naming: Naming, videos: Sequence[StoredVideo]
) -> Iterator[tuple[StoredVideo, list[EventState]]]:
    """Names the clips of each video, and tells what events come of it.

    Args:
        store: that holds their frames.
        naming: from `naming_of`.
        videos: from `stored_videos`.

    Returns:
        Each video with its events, as they were at their end.
    """
    for group in _groups(videos):
        for video, embeddings in _frames_of(store, group):
            yield video, events_of(records(embeddings, naming, source=video.source))


def records(embeddings: Iterable[Embedding], naming: Naming, *, source: str) -> Iterator[Record]:
    """What a head says of frames of one video, in order: each clip, and the events it causes."""
    head, config = naming.head, naming.config
    clips = windows(embeddings, window_seconds=config.window, hop_seconds=config.hop)
    pooled = pool(clips, pooling=pooling_of(head))
    named: Iterator[Prediction] = predict(pooled, head=head, top_k=config.top_k, floor=config.leave)
    return debounce(named, rules=rules_of(config, head), source=source)


def events_of(found: Iterable[Record]) -> list[EventState]:
    """The events among records, each once, as it was at its end."""
    return [item.after for item in found if isinstance(item, Event) and item.type == "end"]


def frames_of(store: Store, video: StoredVideo) -> Iterator[Embedding]:
    """The stored frames of one video, in order of time."""
    for start in range(0, video.sampled, FRAMES_AT_ONCE):
        stop = start + FRAMES_AT_ONCE
        where = f"video IN ({quoted([video.video])}) AND frame >= {start} AND frame < {stop}"
        yield from _embeddings(_rows(store, where))


def _check_framing(recipe: Recipe, training: Training) -> None:
    stored = recipe.preprocessing.get("framing")
    if stored != training.framing:
        raise HeadError(
            f"the head was trained with framing {training.framing}, and the archive was looked at "
            f"with {stored}; train one from clips of this archive"
        )


def _other_rate(recipe: Recipe, training: Training | None) -> str | None:
    stored = recipe.configuration.get("fps")
    if training is None or (stored is not None and Fraction(str(stored)) == training.fps):
        return None
    looked_at = "at another sampling" if stored is None else f"at {stored} frames a second"
    return (
        f"the head was trained at {training.fps} frames a second, and the archive was looked at "
        f"{looked_at}: its names are worse there"
    )


def _groups(videos: Sequence[StoredVideo]) -> Iterator[list[StoredVideo]]:
    """Videos that are read together: each query goes through the whole table."""
    group: list[StoredVideo] = []
    frames = 0
    for video in videos:
        if group and frames + video.sampled > FRAMES_AT_ONCE:
            yield group
            group, frames = [], 0
        group.append(video)
        frames += video.sampled
    if group:
        yield group


def _frames_of(
    store: Store, group: Sequence[StoredVideo]
) -> Iterator[tuple[StoredVideo, Iterable[Embedding]]]:
    if len(group) == 1:
        yield group[0], frames_of(store, group[0])
        return
    rows = _rows(store, f"video IN ({quoted([video.video for video in group])})")
    ids = rows["video"].to_pylist()
    for video in group:
        first = bisect_left(ids, video.video)
        yield video, _embeddings(rows.slice(first, bisect_right(ids, video.video) - first))


def _rows(store: Store, where: str) -> pa.Table:
    batches = list(store.embeddings(where=where, columns=ORDERED))
    schema = pa.schema([store.table(FRAMES).schema.field(name) for name in ORDERED])
    tables = [pa.Table.from_batches([batch]).select(ORDERED) for batch in batches]
    rows = pa.concat_tables(tables) if tables else schema.empty_table()
    return rows.sort_by([("video", "ascending"), ("frame", "ascending")])


def _embeddings(rows: pa.Table) -> Iterator[Embedding]:
    for batch in rows.to_batches():
        for _, embedding in stored_embeddings(batch):
            yield embedding
