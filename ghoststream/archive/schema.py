"""Tables of a store, and the record of how its vectors were made.

A store is a LanceDB database of four tables, each row of which belongs to a video:

    videos  one row a file: where it lies, what it holds, how its analysis ended
    frames  one row a sampled frame: its exact time and its embedding
    clips   one row a window: its span, pooled embedding and labels
    events  one row an event record: what began, became clearer, or ended

Rows of `frames`, `clips` and `events` count only once their video has its row in `videos`; one that
has failed has no others. Nothing in a row depends on the moment of the run, so equal input gives
equal rows.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pyarrow as pa

from ghoststream.errors import StoreError

SCHEMA = "ghoststream.store/1"
METADATA_KEY = b"ghoststream"

VIDEOS, FRAMES, CLIPS, EVENTS, PENDING = "videos", "frames", "clips", "events", "pending"
LEASE = "lease"
"""Of stores in an object store: who writes."""
RESULTS = (FRAMES, CLIPS, EVENTS)
"""Tables with rows that belong to a video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How all vectors of a store were made; those of another recipe cannot be compared to them."""

    model: str
    """Of the network: `ghostnet_100`."""
    weights_sha256: str
    preprocessing: Mapping[str, object]
    """Size, crop, interpolation, mean, standard deviation, framing."""
    configuration: Mapping[str, object]
    """Sampling, window, hop, pooling, head and rules of events."""
    frame_features: int
    """Numbers in a frame's embedding."""
    clip_features: int
    """Numbers in a clip's."""


VIDEO_FIELDS = (
    pa.field("video", pa.string(), nullable=False),
    pa.field("path", pa.string(), nullable=False),
    pa.field("path_bytes", pa.binary(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("size", pa.int64(), nullable=False),
    pa.field("mtime_ns", pa.int64(), nullable=False),
    pa.field("content_sha256", pa.string()),
    pa.field("status", pa.string(), nullable=False),
    pa.field("error", pa.string()),
    pa.field("error_code", pa.string()),
    pa.field("start_seconds", pa.float64()),
    pa.field("duration_seconds", pa.float64()),
    pa.field("frames", pa.int64(), nullable=False),
    pa.field("skipped", pa.int64(), nullable=False),
    pa.field("sampled", pa.int64(), nullable=False),
    pa.field("clips", pa.int64(), nullable=False),
    pa.field("events", pa.int64(), nullable=False),
    pa.field("dropped", pa.int64(), nullable=False),
    pa.field("decode_errors", pa.int64(), nullable=False),
    pa.field("header", pa.string()),
)
"""`path` is absolute and fit for one line of text, `path_bytes` the same as the system knows it;
`source` is what JSON lines call it. `status` is done or failed; `frames` to `decode_errors` are the
counts of the log's last line. `header` is the log's first line, null where the video has failed."""

EVENT_FIELDS = (
    pa.field("video", pa.string(), nullable=False),
    pa.field("sequence", pa.int32(), nullable=False),
    pa.field("type", pa.string(), nullable=False),
    pa.field("id", pa.string(), nullable=False),
    pa.field("label", pa.string(), nullable=False),
    pa.field("label_id", pa.int32(), nullable=False),
    pa.field("score", pa.float32(), nullable=False),
    pa.field("top_score", pa.float32(), nullable=False),
    pa.field("start_seconds", pa.float64(), nullable=False),
    pa.field("end_seconds", pa.float64()),
    pa.field("frame_seconds", pa.float64(), nullable=False),
)
"""As in the event log; `sequence` is the place in it, counted over clips and events."""


def _vector(features: int) -> pa.Field:
    return pa.field("vector", pa.list_(pa.float16(), features), nullable=False)


def _frame_fields(recipe: Recipe) -> tuple[pa.Field, ...]:
    """`frame` counts the sampled frames of the video; `contrast` is the standard deviation of the
    brightness (0 to 255) of what the network saw: near zero, it saw nothing."""
    return (
        pa.field("video", pa.string(), nullable=False),
        pa.field("frame", pa.int32(), nullable=False),
        pa.field("pts", pa.int64(), nullable=False),
        pa.field("time_base", pa.string(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("end_seconds", pa.float64(), nullable=False),
        pa.field("contrast", pa.float32(), nullable=False),
        _vector(recipe.frame_features),
    )


def _clip_fields(recipe: Recipe) -> tuple[pa.Field, ...]:
    """`labels`, `label_ids` and `scores` go together, best first."""
    return (
        pa.field("video", pa.string(), nullable=False),
        pa.field("clip", pa.int32(), nullable=False),
        pa.field("sequence", pa.int32(), nullable=False),
        pa.field("start_seconds", pa.float64(), nullable=False),
        pa.field("end_seconds", pa.float64(), nullable=False),
        pa.field("labels", pa.list_(pa.string()), nullable=False),
        pa.field("label_ids", pa.list_(pa.int32()), nullable=False),
        pa.field("scores", pa.list_(pa.float32()), nullable=False),
        _vector(recipe.clip_features),
    )


def schemas(recipe: Recipe) -> dict[str, pa.Schema]:
    """The schema of each table, with the recipe in its metadata."""
    fields: dict[str, tuple[pa.Field, ...]] = {
        PENDING: (pa.field("video", pa.string(), nullable=False),),
        FRAMES: _frame_fields(recipe),
        CLIPS: _clip_fields(recipe),
        EVENTS: EVENT_FIELDS,
        VIDEOS: VIDEO_FIELDS,
    }
    metadata = {METADATA_KEY: json.dumps({"schema": SCHEMA, **asdict(recipe)}, sort_keys=True)}
    return {name: pa.schema(columns, metadata) for name, columns in fields.items()}


def recipe_of(schema: pa.Schema, store: str) -> Recipe:
    """The recipe in a table's metadata.

    Args:
        schema: of any of the tables.
        store: for the message.

    Raises:
        StoreError: it is no table of ours, or of another version of GhostStream.
    """
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        raise StoreError(f"{store} is a database, but no store of GhostStream; choose another one")
    values = json.loads(text)
    version = values.pop("schema", None)
    if version != SCHEMA:
        raise StoreError(
            f"{store} is a store of version {version!r}, and this GhostStream reads {SCHEMA!r}; "
            "use the GhostStream that made it, or make a new store"
        )
    return Recipe(**values)
