"""Files of evidence: how they are named, which go first, and what a killed run has left behind.

    <camera>/<YYYY-MM-DD>/<HHMMSS.mmm>-<region>-<label>-<end of the event's id>.mp4   (UTC)

prune(Path("evidence"), max_bytes=10**10, max_age_seconds=14 * 86400, now=time.time())
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from ghoststream.types import EventState
from ghoststream.video.recording import FORMATS, is_playable

CLIP_ENDINGS = tuple(FORMATS)
THUMBNAIL_ENDING = ".jpg"
SIDECAR_ENDING = ".jsonl"
PARTIAL = ".partial"

MAX_PART = 48
"""Characters; a name has at most 255 bytes, and is made of several parts."""
ID_CHARACTERS = 6
DAY, TIME = "%Y-%m-%d", "%H%M%S.%f"
SECONDS_PER_DAY = 86400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NAME = re.compile(
    r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d\.\d{3})-.*?"
    r"(?P<partial>\.partial)?\.(mp4|mkv|jpg|jsonl)",
    re.DOTALL | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What `prune` has done."""

    files: int = 0
    nbytes: int = 0
    undeletable: int = 0
    """Files that the system does not let us delete."""
    remaining_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: str
    event_seconds: float
    """Unix time at which its event began, as its name says."""
    nbytes: int
    changed_seconds: float
    is_partial: bool


def stem_for(camera: str, region: str | None, state: EventState) -> PurePosixPath:
    """Where the files of an event lie, without ending, in a directory of evidence.

    Names of cameras become safe, and stay apart: one that had to be changed gets a hash. Events
    have their id.

    Args:
        camera: its name, without passwords.
        region: the part of the picture that is looked at, where there are several.
        state: of the event.

    Example:
        >>> str(stem_for("door", None, state))
        'door/2027-01-15/080000.000-tabby-898d0c'
    """
    begun = EPOCH + timedelta(milliseconds=int(state.start_time * 1000))
    clock = begun.strftime(TIME)[:-3]  # milliseconds
    parts = [clock, *([region] if region else []), state.label, state.id[-ID_CHARACTERS:]]
    name = "-".join(_safe(part) for part in parts)
    return PurePosixPath(_safe_and_apart(camera), begun.strftime(DAY), name)


def prune(directory: Path, *, max_bytes: int, max_age_seconds: float, now: float) -> Pruned:
    """Deletes files of evidence, oldest event first, until age and bytes are within bounds.

    Files that are being written count and stay; so does whatever is not named like evidence.

    Args:
        directory: of evidence.
        max_bytes: of all files together.
        max_age_seconds: since an event began.
        now: Unix seconds.
    """
    files = sorted(_files(directory), key=lambda file: (file.event_seconds, file.path))
    total = sum(file.nbytes for file in files)
    deleted = nbytes = undeletable = 0
    for file in files:
        is_old = now - file.event_seconds > max_age_seconds
        if file.is_partial or not (is_old or total > max_bytes):
            continue
        if not _is_deleted(Path(file.path)):
            undeletable += 1
            continue
        total, deleted, nbytes = total - file.nbytes, deleted + 1, nbytes + file.nbytes
    _remove_empty_days(directory, now)
    return Pruned(files=deleted, nbytes=nbytes, undeletable=undeletable, remaining_bytes=total)


def adopt_partials(directory: Path, *, now: float, idle_seconds: float = 0) -> int:
    """Gives clips that were being written when their process was killed their final name.

    What holds no picture that can be had is deleted, and so are thumbnails.

    Args:
        directory: of evidence, to which no other run writes.
        now: Unix seconds.
        idle_seconds: files that have changed since are left alone; 0 looks at all.

    Returns:
        How many clips.
    """
    partials = [file for file in _files(directory) if file.is_partial]
    return sum(
        _is_adopted(Path(file.path))
        for file in partials
        if now - file.changed_seconds >= idle_seconds
    )


def _is_adopted(partial: Path) -> bool:
    final = partial.with_name(partial.name.replace(f"{PARTIAL}{partial.suffix}", partial.suffix))
    if partial.suffix in CLIP_ENDINGS and not final.exists() and is_playable(partial):
        partial.replace(final)
        return True
    partial.unlink(missing_ok=True)
    return False


def _files(directory: Path) -> Iterator[_File]:
    """All that are named like evidence; others are none of our business."""
    for day, midnight in _days(directory):
        with os.scandir(day) as entries:
            for entry in entries:
                # It may be renamed or deleted meanwhile.
                with suppress(FileNotFoundError):
                    file = _file(entry, midnight)
                    if file is not None:
                        yield file


def _days(directory: Path) -> Iterator[tuple[Path, float]]:
    """Directories of days, with the Unix time at which each one begins."""
    for camera in directory.iterdir():
        if camera.is_dir() and not camera.is_symlink():
            for day in camera.iterdir():
                midnight = _midnight(day.name)
                if midnight is not None and day.is_dir():
                    yield day, midnight


def _file(entry: os.DirEntry[str], midnight: float) -> _File | None:
    match = _NAME.fullmatch(entry.name)
    if match is None:
        return None
    status = entry.stat(follow_symlinks=False)
    hours, minutes, seconds = (float(part) for part in match.group("hour", "minute", "second"))
    return _File(
        path=entry.path,
        event_seconds=midnight + 3600 * hours + 60 * minutes + seconds,
        nbytes=status.st_size,
        changed_seconds=status.st_mtime,
        is_partial=match["partial"] is not None,
    )


def _midnight(day: str) -> float | None:
    try:
        return datetime.strptime(day, DAY).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _remove_empty_days(directory: Path, now: float) -> None:
    for day, midnight in _days(directory):
        # A new one may be made and still be empty.
        if now - midnight > 2 * SECONDS_PER_DAY and not any(day.iterdir()):
            with suppress(OSError):
                day.rmdir()


def _is_deleted(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _safe(text: str) -> str:
    """Letters, digits and `-_.` in place of anything else, not too long, never hidden."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)[:MAX_PART].strip(".") or "_"


def _safe_and_apart(text: str) -> str:
    """Likewise, with a hash where something was changed, or case alone could tell two apart."""
    safe = _safe(text)
    if safe == text.lower():
        return safe
    return f"{safe}-{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:8]}"
