"""Cuts what a search has found out of its videos, without coding it anew.

for saved in save_clips(moments, Path("hits")):
    print(saved.path, saved.cut.start_seconds)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghoststream.archive.moments import Moment
from ghoststream.errors import ConfigError, SourceError
from ghoststream.sinks.atomic import whole_file
from ghoststream.sources.file import shown
from ghoststream.video.remux import Cut, remux, suffix_for

MAX_STEM_BYTES = 150
"""Names have at most 255 bytes, and more than the stem goes into them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedClip:
    """What became of a moment."""

    moment: Moment
    path: Path | None = None
    cut: Cut | None = None
    """What the file holds: it begins at a keyframe, so mostly earlier than the moment."""
    error: str | None = None
    """Why there is no file."""


def save_clips(moments: Sequence[Moment], folder: Path) -> Iterator[SavedClip]:
    """Writes a file for each moment; one that cannot be had does not stop the rest.

    Args:
        moments: each in a file of its own, which is replaced where it is there already.
        folder: made where it is not there.

    Raises:
        OutputError: a file cannot be written.
    """
    for moment in moments:
        try:
            yield _saved(moment, folder)
        except (SourceError, ConfigError) as error:
            yield SavedClip(moment=moment, error=str(error))


def clip_name(moment: Moment, suffix: str) -> str:
    """The name of a moment's file: the same for the same moment, and for no other.

    Args:
        moment: of a video that has an id of its own, wherever it lies.
        suffix: of the container, such as `.mp4`.
    """
    stem = shown(Path(moment.path.stem)).encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    span = f"{moment.start_seconds:.3f}-{moment.end_seconds:.3f}"
    return f"{stem}@{span}-{moment.video}{suffix}"


def _saved(moment: Moment, folder: Path) -> SavedClip:
    path = folder / clip_name(moment, suffix_for(moment.path))
    with whole_file(path) as partial:
        cut = remux(
            moment.path,
            partial,
            start_seconds=moment.start_seconds,
            end_seconds=moment.end_seconds,
        )
    return SavedClip(moment=moment, path=path, cut=cut)
