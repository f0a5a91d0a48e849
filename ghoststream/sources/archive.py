"""The files of an archive: found in directories, and followed while a directory grows.

for file in find_files([Path("archive")], exclude=["trash"]).files:
    print(file.path, mirrored(Path("out"), file.relative))
"""

import hashlib
import os
import re
import stat
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from ghoststream.errors import ConfigError, SourceNotFound
from ghoststream.sources.file import VIDEO_SUFFIXES, shown
from ghoststream.sources.order import natural

Parts: TypeAlias = tuple[str, ...]
"""Of a path below the archive."""

_ENDING = re.compile(r"\.(\[[^]]*\]|[^].[])*$")
"""Of a name, or of a glob: a dot within brackets begins none."""

MAX_NAME_BYTES = 230
"""Of a name that others are made of, with endings of theirs."""
HASH_LETTERS = 16

_TAKEN_NAME = re.compile(r"\.jsonl?_*$")
"""Ends like a file that GhostStream itself puts into the tree of outputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """A file that is to be analysed."""

    path: Path
    """Absolute; links in it are not resolved."""
    relative: Path
    """Its name in the archive, and in a tree that mirrors it; without `..`."""
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at an archive gives."""

    files: tuple[ArchiveFile, ...]
    """In natural order of their names."""
    problems: tuple[str, ...] = ()
    """A sentence for each place that could not be looked at."""


def find_files(
    roots: Sequence[Path], *, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Found:
    """Finds the videos of an archive: by their ending in directories, whatever it is where named.

    Hidden files and directories count only where they are roots. Links are followed; a directory
    that can be reached in several ways is read once, under its own name where it has one here.

    Args:
        roots: directories and files.
        include: globs of which a file has to match one. They hold for the path below the archive
            and for the name alone; `**` is any number of directories, and the case of endings does
            not count. One that ends like `*.dav` finds files with that ending.
        exclude: globs, as `include`, of files and whole directories to leave out.

    Returns:
        At least one file. Names count from the root, or from the deepest directory that all roots
        have in common.

    Raises:
        SourceNotFound: there is none.
        ConfigError: a glob that cannot match anything.

    Example:
        >>> [str(file.relative) for file in find_files([Path("archive")]).files]
        ['gate/2.mp4', 'gate/10.mp4', 'yard/2.mp4']
    """
    found = _look(roots, _Globs.of(include, exclude))
    if not found.files:
        raise SourceNotFound(_nothing_found(roots, found, bool(include or exclude)))
    return found


def mirrored(out: Path, relative: Path) -> Path:
    """Where the event log of a file goes in the tree of outputs.

    The ending is added, so that a.mp4 and a.mkv keep apart. A directory whose name ends like that
    of an output gets another one, so that no name ever means both. A very long name is cut, and
    told from others by a hash.

    Example:
        >>> str(mirrored(Path("out"), Path("gate/a.mp4")))
        'out/gate/a.mp4.jsonl'
    """
    parents = [f"{part}_" if _TAKEN_NAME.search(part) else part for part in relative.parts[:-1]]
    return out.joinpath(*parents, f"{_short(relative.name)}.jsonl")


def _short(name: str) -> str:
    """Most file systems hold names of 255 bytes, and a log's is longer than its video's."""
    data = os.fsencode(name)
    if len(data) <= MAX_NAME_BYTES:
        return name
    start = data[: MAX_NAME_BYTES - HASH_LETTERS - 1].decode(errors="ignore")
    return f"{start}-{hashlib.sha256(data).hexdigest()[:HASH_LETTERS]}"


class GrowingArchive:
    """An archive that recorders or copies still write to.

    It looks again and again, since network file systems do not tell of changes.

    Args:
        roots: directories and files, as for `find_files`, which need not hold anything yet.
        include: globs of `find_files`.
        exclude: globs of `find_files`.
        settle_seconds: for which size and time of change have to stay the same.
        clock: in seconds; runs forward only.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        settle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._roots, self._globs = roots, _Globs.of(include, exclude)
        self._settle_seconds, self._clock = settle_seconds, clock
        self._seen: dict[Path, _Seen] = {}
        self._problems: tuple[str, ...] = ()

    def look(self) -> Found:
        """Files that have stopped growing since the last look, and problems that are new.

        A file has to be the same in two looks; one that changes later comes again.
        """
        found, now = _look(self._roots, self._globs), self._clock()
        before, self._seen = self._seen, {}
        for file in found.files:
            self._seen[file.path] = _seen_again(before.get(file.path), file, now)
        ready = tuple(file for file in found.files if self._is_ready(file, before, now))
        for file in ready:
            self._seen[file.path].is_told = True
        new = tuple(problem for problem in found.problems if problem not in self._problems)
        self._problems = found.problems
        return Found(files=ready, problems=new)

    def _is_ready(self, file: ArchiveFile, before: dict[Path, "_Seen"], now: float) -> bool:
        seen = self._seen[file.path]
        is_same = seen is before.get(file.path)
        return is_same and not seen.is_told and now - seen.since >= self._settle_seconds


@dataclass(slots=True, kw_only=True)
class _Seen:
    """A file as it was at the last look."""

    size_bytes: int
    mtime_ns: int
    since: float
    """When it was first seen like this, by the clock."""
    is_told: bool = False


def _seen_again(before: _Seen | None, file: ArchiveFile, now: float) -> _Seen:
    state = (file.size_bytes, file.mtime_ns)
    if before is not None and state == (before.size_bytes, before.mtime_ns):
        return before
    return _Seen(size_bytes=file.size_bytes, mtime_ns=file.mtime_ns, since=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Globs:
    """Which names to take, and which to leave out."""

    include: tuple[Parts, ...]
    exclude: tuple[Parts, ...]

    @classmethod
    def of(cls, include: Sequence[str], exclude: Sequence[str]) -> "_Globs":
        return cls(include=tuple(map(_glob, include)), exclude=tuple(map(_glob, exclude)))

    def excludes(self, parts: Parts) -> bool:
        return any(_matches(glob, parts) for glob in self.exclude)

    def takes(self, parts: Parts, *, is_named: bool) -> bool:
        if self.excludes(parts):
            return False
        matching = [glob for glob in self.include if _matches(glob, parts)]
        ending = _ending(parts[-1])
        is_known = is_named or ending in VIDEO_SUFFIXES
        is_known = is_known or (ending != "" and ending in {_ending(glob[-1]) for glob in matching})
        return is_known and bool(matching or not self.include)


def _glob(text: str) -> Parts:
    parts = PurePosixPath(text).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise ConfigError(
            f"{text!r} matches nothing: globs hold for names and for paths below the archive, "
            "such as '*.mkv', 'trash' or 'gate/**'."
        )
    return parts


def _matches(glob: Parts, parts: Parts) -> bool:
    """The path, or the name alone."""
    return _matches_path(glob, parts) or _matches_path(glob, parts[-1:])


def _matches_path(glob: Parts, parts: Parts) -> bool:
    if not glob:
        return not parts
    if glob[0] == "**":
        return any(_matches_path(glob[1:], parts[skip:]) for skip in range(len(parts) + 1))
    return bool(parts) and _matches_name(glob[0], parts[0]) and _matches_path(glob[1:], parts[1:])


def _matches_name(glob: str, name: str) -> bool:
    return fnmatchcase(name, glob) or fnmatchcase(_lowered(name), _lowered(glob))


def _lowered(name: str) -> str:
    """With its ending in small letters."""
    return _ENDING.sub(lambda ending: ending[0].lower(), name)


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a glob is no path


def base_of(roots: Sequence[Path]) -> Path:
    """The directory from which the names of an archive's files count."""
    common = Path(os.path.commonpath([_plain(root) for root in roots]))
    return common if _is_directory(common) else common.parent


def _look(roots: Sequence[Path], globs: _Globs) -> Found:
    """Whatever there is at the moment, be it nothing."""
    walk, base = _Walk(globs), base_of(roots)
    for root in map(_plain, roots):
        walk.take_root(_Place(path=str(root), parts=root.relative_to(base).parts))
    walk.go()
    files = sorted(walk.files, key=lambda file: natural(file.relative))
    return Found(files=tuple(files), problems=tuple(walk.problems))


def _plain(root: Path) -> Path:
    """Absolute and without `..`, which means something else behind a link."""
    path = root.absolute()
    if ".." not in path.parts:
        return path
    shorter = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow all links
    try:
        return shorter if shorter.samefile(path) else path.resolve()
    except OSError:
        return path.resolve()


def _is_directory(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - raises nothing where a parent is closed to us


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A file or directory, as the system knows it and below the archive."""

    path: str
    parts: Parts

    def child(self, name: str) -> "_Place":
        return _Place(path=os.path.join(self.path, name), parts=(*self.parts, name))  # noqa: PTH118


class _Walk:
    """One look at an archive, and what it has met so far."""

    def __init__(self, globs: _Globs) -> None:
        self.files: list[ArchiveFile] = []
        self.problems: list[str] = []
        self._globs = globs
        self._directories: deque[_Place] = deque()
        self._links: deque[_Place] = deque()
        self._read: set[tuple[int, int]] = set()
        """Device and inode of directories."""
        self._named: set[tuple[int, int, str]] = set()
        """Device and inode of the directory of each file that is a root, and its name."""

    def take_root(self, place: _Place) -> None:
        try:
            status = os.stat(place.path)  # noqa: PTH116 - as in scandir
            if stat.S_ISDIR(status.st_mode):
                self._directories.append(place)
            elif not stat.S_ISREG(status.st_mode):
                self._tell(place.path, "it is neither a file nor a directory")
            elif self._globs.takes(place.parts, is_named=True):
                self._take_named(place, status)
        except OSError as error:
            self._tell(place.path, _reason(error))

    def go(self) -> None:
        """Real directories before links, so that what a link leads to keeps its own name."""
        while self._directories or self._links:
            place = (self._directories or self._links).popleft()
            try:
                self._read_directory(place)
            except OSError as error:
                self._tell(place.path, _reason(error))

    def _read_directory(self, place: _Place) -> None:
        identity = _identity(place.path)
        if identity in self._read:
            return
        self._read.add(identity)
        with os.scandir(place.path) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
        for entry in sorted(visible, key=lambda entry: entry.name):
            child = place.child(entry.name)
            if (*identity, entry.name) not in self._named and not self._globs.excludes(child.parts):
                self._meet(entry, child)

    def _meet(self, entry: os.DirEntry[str], place: _Place) -> None:
        try:
            if entry.is_dir():
                (self._links if entry.is_symlink() else self._directories).append(place)
            elif entry.is_symlink() or self._globs.takes(place.parts, is_named=False):
                self._meet_file(entry.stat(), place)
        except FileNotFoundError:
            # Anything else has vanished since its directory was read.
            if entry.is_symlink():
                self._tell(place.path, "this link leads nowhere")
        except OSError as error:
            self._tell(place.path, _reason(error))

    def _meet_file(self, status: os.stat_result, place: _Place) -> None:
        if stat.S_ISREG(status.st_mode) and self._globs.takes(place.parts, is_named=False):
            self._take(place, status)

    def _take_named(self, place: _Place, status: os.stat_result) -> None:
        parent, name = os.path.split(place.path)
        key = (*_identity(parent), name)
        if key not in self._named:
            self._named.add(key)
            self._take(place, status)

    def _take(self, place: _Place, status: os.stat_result) -> None:
        self.files.append(
            ArchiveFile(
                path=Path(place.path),
                relative=Path(*place.parts),
                size_bytes=status.st_size,
                mtime_ns=status.st_mtime_ns,
            )
        )

    def _tell(self, path: str, reason: str) -> None:
        self.problems.append(f"{shown(Path(path))}: {reason}")


def _identity(directory: str) -> tuple[int, int]:
    status = os.stat(directory)  # noqa: PTH116 - as in scandir
    return status.st_dev, status.st_ino


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "permission denied; make it readable, or leave it out with --exclude"
    if isinstance(error, FileNotFoundError):
        return "no such file or directory"
    return f"cannot be looked at: {error.strerror or error}"


def _nothing_found(roots: Sequence[Path], found: Found, has_globs: bool) -> str:
    if found.problems:
        return "; ".join(found.problems)
    where = ", ".join(shown(root) for root in roots)
    if has_globs:
        return f"{where}: no video is left by --include and --exclude; loosen them."
    return (
        f"{where}: no video is found; looked for are endings such as mp4, mkv, webm, mov, avi and "
        "ts, and a file that is named itself may have any ending."
    )
