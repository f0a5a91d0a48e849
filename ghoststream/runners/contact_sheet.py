"""Draws what a search has found on one picture.

lost = write_contact_sheet(moments, Path("hits.jpg"))
"""

from collections.abc import Sequence
from pathlib import Path

from ghoststream.archive.moments import Moment
from ghoststream.errors import ConfigError, SourceError
from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.sinks.contact_sheet import MAX_TILES, Tile, draw_contact_sheet, thumbnail_size
from ghoststream.sources.file import shown
from ghoststream.types import Pixels
from ghoststream.video.moment import frame_at

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
QUALITY = 90


def check_contact_sheet(path: Path, limit: int) -> None:
    """Refuses what cannot be drawn, before anything is searched.

    Raises:
        ConfigError: another kind of file, or too many moments for one picture.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"{path} is no name for a contact sheet; it must end in one of {', '.join(SUFFIXES)}"
        )
    if limit > MAX_TILES:
        raise ConfigError(
            f"a contact sheet holds at most {MAX_TILES} moments, and --limit is {limit}; lower it"
        )


def write_contact_sheet(moments: Sequence[Moment], path: Path) -> list[str]:
    """Writes a thumbnail of each moment.

    Args:
        moments: at least one.
        path: of the picture, which `check_contact_sheet` has let pass.

    Returns:
        A sentence for each picture that could not be had; its tile says so, too.

    Raises:
        OutputError: the picture cannot be written.
    """
    file = AtomicFile(path)
    file.prepare()
    try:
        lost: list[str] = []
        tiles = [_tile(moment, lost) for moment in moments]
        with output_errors(path):
            draw_contact_sheet(tiles).save(file.partial, quality=QUALITY)
        file.commit()
    finally:
        file.discard()
    return lost


def _tile(moment: Moment, lost: list[str]) -> Tile:
    return Tile(
        pixels=_thumbnail(moment, lost),
        time=f"{moment.start_seconds:.1f} – {moment.end_seconds:.1f} s",
        name=shown(Path(moment.path.name)),
        score=f"{moment.score:.2f}",
    )


def _thumbnail(moment: Moment, lost: list[str]) -> Pixels | None:
    """None where the video has gone, or is another one by now."""
    try:
        frame = frame_at(moment.path, moment.best_seconds, name=shown(moment.path))
    except (SourceError, ConfigError) as error:
        lost.append(str(error))
        return None
    return frame.rgb(thumbnail_size(frame.picture.width, frame.picture.height))
