"""Small pictures of many moments, looked up in processes of their own.

pictures = make_pictures([Wanted(path=Path("clip.mp4"), seconds=12.5)], workers=2)
pictures.jpegs[0]
"""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from ghoststream.errors import ConfigError, SourceError
from ghoststream.runners.crew import Crew, Done, Lost, Send, Work
from ghoststream.sources.file import shown

MAX_SIDE = 160
"""Pixels."""
QUALITY = 50
"""Of 1,000 pictures of this size, a page takes about 5 MB."""
MOMENTS_A_TASK = 20
PATIENCE_SECONDS = 60.0
"""For one picture: a decoder may have to go through all of a long video for it."""
MAX_PIXELS = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A moment of a video, or a picture that is there already."""

    path: Path
    seconds: float | None
    """On the video's own clock; None for a picture."""


@dataclass(slots=True, kw_only=True)
class Pictures:
    """What came of it."""

    jpegs: dict[int, bytes] = field(default_factory=dict)
    """By the place of what was wanted."""
    problems: dict[Path, str] = field(default_factory=dict)
    """A sentence for each file of which something could not be had."""
    is_interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    place: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class _Failed:
    path: Path
    problem: str


_Task = tuple[tuple[int, Wanted], ...]


def make_pictures(
    wanted: Sequence[Wanted],
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
    stop: threading.Event | None = None,
) -> Pictures:
    """Decodes each moment; a file that crashes or hangs a decoder costs its own pictures only.

    Args:
        wanted: in any order; those of one file are best neighbours.
        workers: processes, at most.
        progress: is told how many are done, of how many.
        stop: set it, and what is not there yet is given up.

    Example:
        >>> make_pictures([Wanted(path=Path("cat.mp4"), seconds=2.0)], workers=1).jpegs.keys()
        dict_keys([0])
    """
    pictures = Pictures()
    tasks = list(_tasks(wanted))
    if not tasks:
        return pictures
    crew: Crew[_Task] = Crew(
        _make_work, workers=min(workers, len(tasks)), patience_seconds=PATIENCE_SECONDS
    )
    with closing(crew):
        for index, task in enumerate(tasks):
            crew.give(index, task)
        while crew.tasks:
            if stop is not None and stop.is_set():
                pictures.is_interrupted = True
                break
            for index, message in crew.messages():
                _hear(message, tasks[index], pictures)
            progress(len(pictures.jpegs), len(wanted))
    return pictures


def _hear(message: object, task: _Task, pictures: Pictures) -> None:
    match message:
        case _Made(place, jpeg):
            pictures.jpegs[place] = jpeg
        case _Failed(path, problem):
            pictures.problems.setdefault(path, problem)
        case Lost(cause, is_late):
            path = task[0][1].path
            how = "hung and was ended" if is_late else f"was ended {cause}"
            pictures.problems[path] = f"{shown(path)}: the process that decoded it {how}"
        case Done():
            pass


def _tasks(wanted: Sequence[Wanted]) -> Iterator[_Task]:
    """Some moments of one file each, so that many processes share a long one."""
    by_path: dict[Path, list[tuple[int, Wanted]]] = {}
    for place, each in enumerate(wanted):
        by_path.setdefault(each.path, []).append((place, each))
    for group in by_path.values():
        rest = iter(group)
        while task := tuple(islice(rest, MOMENTS_A_TASK)):
            yield task


def _make_work() -> Work[_Task]:
    from ghoststream.video.jpeg import jpeg_of
    from ghoststream.video.moment import frame_at

    def picture(wanted: Wanted) -> bytes:
        if wanted.seconds is None:
            return _smaller(wanted.path)
        frame = frame_at(wanted.path, wanted.seconds, name=shown(wanted.path))
        return jpeg_of(frame, max_side=MAX_SIDE, quality=QUALITY)

    return partial(_work, picture)


def _work(
    picture: Callable[[Wanted], bytes], task: _Task, send: Send, stop: threading.Event
) -> None:
    for place, wanted in task:
        if stop.is_set():
            return
        try:
            send(_Made(place, picture(wanted)))
        except (SourceError, ConfigError, OSError, UnidentifiedImageError) as error:
            send(_Failed(wanted.path, _sentence(wanted.path, error)))


def _smaller(path: Path) -> bytes:
    """
    Raises:
        OSError: it cannot be read, or is no picture.
    """
    with Image.open(path, formats=("JPEG",)) as image:
        if image.width * image.height > MAX_PIXELS:
            raise OSError(f"{image.width} x {image.height} pixels are too many for a thumbnail")
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))
        image.thumbnail((MAX_SIDE, MAX_SIDE))
        file = io.BytesIO()
        image.convert("RGB").save(file, "JPEG", quality=QUALITY, optimize=True)
        return file.getvalue()


def _sentence(path: Path, error: Exception) -> str:
    """Errors of ours name their file; those of the system name it too, but in their own way."""
    if isinstance(error, OSError) and error.strerror:
        return f"{shown(path)}: {error.strerror}"
    text = str(error)
    return text if text.startswith(shown(path)) else f"{shown(path)}: {text}"
