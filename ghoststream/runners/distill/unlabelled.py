"""Pictures to learn from without labels: of folders, tar files and videos, decoded and kept.

files = unlabelled_files([Path("photos")])
pool = picture_pool(files, folder=Path("work"), stored=256, fps=Fraction(1), ...)
"""

import hashlib
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from ghoststream.errors import ConfigError, SourceError
from ghoststream.sampling import AtFps
from ghoststream.sinks.atomic import output_errors
from ghoststream.sources.file import VIDEO_SUFFIXES, shown
from ghoststream.sources.images import PICTURE_SUFFIXES
from ghoststream.train.distill.pool import Decoded, PicturePool, open_pool, write_pool
from ghoststream.types import Frame, Pixels
from ghoststream.video.decode import open_file
from ghoststream.video.pictures import decode_picture, read_picture

TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")

Progress = Callable[[int], None]
"""Told how many pictures are decoded."""
TOLD_SECONDS = 5.0
"""From one time to the next."""


def picture_pool(
    files: Sequence[Path],
    *,
    folder: Path,
    stored: int,
    fps: Fraction,
    progress: Progress,
    stop: threading.Event,
) -> PicturePool | None:
    """All pictures, from the folder where an earlier call has kept them.

    Args:
        files: as `unlabelled_files` gives them.
        folder: where decoded ones are kept.
        stored: longest shorter side of a kept picture, in pixels.
        fps: frames a second taken of videos.
        progress: told every few seconds, where they are decoded.
        stop: when set, no more are decoded.

    Returns:
        None where it was stopped.

    Raises:
        OutputError: they cannot be kept.
    """
    key = _key(files, stored, fps)
    with output_errors(folder):
        kept = open_pool(folder, key=key)
        if kept is not None:
            return kept
        pictures = _told(_decoded(files, stored, fps), progress)
        write_pool(pictures, folder, key=key, stop=stop)
        return open_pool(folder, key=key)


def unlabelled_files(places: Sequence[Path]) -> list[Path]:
    """Pictures, videos and tar files, folder by folder, in the order of their names.

    Raises:
        ConfigError: there are none.
    """
    files = [path for place in places for path in _files_of(place)]
    if not files:
        raise ConfigError(
            f"there are no pictures, videos or tar files in {', '.join(map(shown, places))}"
        )
    return files


def _files_of(place: Path) -> list[Path]:
    if not place.exists():
        raise ConfigError(f"there is nothing at {shown(place)}; give a folder or a file")
    return sorted(filter(_is_read, place.rglob("*"))) if place.is_dir() else [place]


def _is_read(path: Path) -> bool:
    is_known = path.suffix.lower() in PICTURE_SUFFIXES | VIDEO_SUFFIXES or _is_tar(path)
    return is_known and path.is_file()


def _is_tar(path: Path) -> bool:
    return path.name.lower().endswith(TAR_ENDINGS)


def _key(files: Sequence[Path], stored: int, fps: Fraction) -> str:
    facts = [(str(path.resolve()), *_version(path)) for path in files]
    text = json.dumps({"files": facts, "stored": stored, "fps": str(fps)})
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _version(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _told(pictures: Iterator[Decoded], progress: Progress) -> Iterator[Decoded]:
    told_at = time.monotonic()
    for done, picture in enumerate(pictures):
        if time.monotonic() - told_at > TOLD_SECONDS:
            told_at = time.monotonic()
            progress(done)
        yield picture


def _decoded(files: Sequence[Path], stored: int, fps: Fraction) -> Iterator[Decoded]:
    for path in files:
        yield from _pictures_of(path, stored, fps)


def _pictures_of(path: Path, stored: int, fps: Fraction) -> Iterator[Decoded]:
    if _is_tar(path):
        yield from _of_tar(path, stored)
    elif path.suffix.lower() in PICTURE_SUFFIXES:
        yield _decode(path.name, lambda: read_picture(path, name=shown(path)), stored)
    else:
        yield from _of_video(path, stored, fps)


def _of_tar(path: Path, stored: int) -> Iterator[Decoded]:
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                if Path(member.name).suffix.lower() in PICTURE_SUFFIXES and member.isfile():
                    yield _of_member(tar, member, path, stored)
    except (tarfile.TarError, EOFError, OSError) as error:
        yield Decoded(name=path.name, error=f"{shown(path)}: no whole tar file: {error}")


def _of_member(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path, stored: int) -> Decoded:
    file = tar.extractfile(member)
    assert file is not None  # as of every member that is a file
    data, name = file.read(), f"{shown(path)}, {shown(Path(member.name))}"
    return _decode(member.name, lambda: decode_picture(data, name=name), stored)


def _of_video(path: Path, stored: int, fps: Fraction) -> Iterator[Decoded]:
    try:
        with open_file(path) as video:
            samples = video.samples(AtFps(rate=fps), lambda frame: _reduced(frame, stored))
            for number, sample in enumerate(samples):
                yield Decoded(name=f"{path.name}#{number}", pixels=sample.pixels)
    except SourceError as error:
        yield Decoded(name=path.name, error=str(error))


def _decode(name: str, read: Callable[[], Frame], stored: int) -> Decoded:
    try:
        return Decoded(name=name, pixels=_reduced(read(), stored))
    except SourceError as error:
        return Decoded(name=name, error=str(error))


def _reduced(frame: Frame, stored: int) -> Pixels:
    width, height = frame.picture.width, frame.picture.height
    scale = min(1.0, stored / min(width, height))
    return frame.rgb((max(1, round(width * scale)), max(1, round(height * scale))))
