"""Turns what people type into sources.

    for source in open_sources("shots/*.mp4"): ...

A path, directory, glob, list file (.txt, .list, .streams), address file (.rtsp, .stream), numbered
pictures (shots/%04d.png), rtsp(s)://, http(s)://, a webcam (0, /dev/video0).
"""

import glob
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ghoststream.address import is_network_address, parse_address
from ghoststream.errors import ConfigError, SourceNotFound, SourceUnreadable
from ghoststream.sources.address import SCHEMES, filled_in
from ghoststream.sources.device import DeviceSource, device_path
from ghoststream.sources.file import VIDEO_SUFFIXES, FileSource, shown
from ghoststream.sources.images import (
    PICTURE_SUFFIXES,
    ImagesSource,
    is_numbered_pattern,
    numbered,
)
from ghoststream.sources.network import NetworkSource
from ghoststream.sources.order import natural
from ghoststream.sources.source import Source, SourceOptions

LIST_SUFFIXES = (".txt", ".list", ".streams")
ADDRESS_SUFFIXES = (".rtsp", ".stream")
MAX_TEXT_BYTES = 1 << 20
"""Of a list or address file; a video that bears such a name is not read as text."""
_LIKE_CREDENTIALS = re.compile(r":.*@", re.DOTALL)


def open_sources(address: str, options: SourceOptions | None = None) -> list[Source]:
    """Finds the sources that an address stands for, without opening them.

    Args:
        address: what people type.
        options: how patiently to read.

    Returns:
        At least one source, in order of name for directories and globs, as written for lists.

    Raises:
        ConfigError: the address, or a line of a list or address file, cannot be understood.
        SourceNotFound: a directory, glob, pattern or list holds nothing to read.

    Example:
        >>> [source.name for source in open_sources("clip.mp4")]
        ['clip.mp4']
    """
    options = options or SourceOptions()
    path = Path(address)
    if path.suffix.lower() in LIST_SUFFIXES and path.is_file():
        return _listed(path, options)
    return _sources(address, options)


def _sources(address: str, options: SourceOptions) -> list[Source]:
    """All but lists, which do not hold lists."""
    if address in ("", "-"):
        raise ConfigError(
            f"{address!r} is no source: standard input cannot be read, because videos need to be "
            "searched back and forth; give a file or an address."
        )
    if is_network_address(address):
        return [NetworkSource(address=parse_address(address, schemes=SCHEMES), options=options)]
    device = device_path(address)
    if device is not None:
        return [DeviceSource(path=device, options=options)]
    return _local(address, options)


def _local(address: str, options: SourceOptions) -> list[Source]:
    path = Path(address)
    if _exists(path):
        if path.is_dir():
            return _found(sorted(path.iterdir(), key=natural), path, "directory", options)
        if path.suffix.lower() in ADDRESS_SUFFIXES:
            return _addressed(path, options)
    elif _LIKE_CREDENTIALS.search(address) and not glob.glob(address, recursive=True):  # noqa: PTH207
        # Not shown: it may hold a password.
        raise ConfigError(
            "a source is no file, and looks like an address with a user name and a password; such "
            f"a one begins with {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
        )
    elif is_numbered_pattern(address):
        return _pattern(address, options)
    elif glob.has_magic(address):
        found = glob.glob(address, recursive=True)  # noqa: PTH207 - Path.glob wants a folder
        paths = sorted((Path(p) for p in found), key=natural)
        return _found(paths, path, "glob", options)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return [ImagesSource(name=shown(path), paths=(path,), rate=options.image_rate)]
    return [FileSource(path=path)]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False  # a name too long, or a folder closed to us: opening it will say so


def _found(paths: Iterable[Path], where: Path, kind: str, options: SourceOptions) -> list[Source]:
    """Video files; where there is none, all pictures as one sequence."""
    files = [path for path in paths if path.is_file()]
    videos = [path for path in files if path.suffix.lower() in VIDEO_SUFFIXES]
    pictures = tuple(path for path in files if path.suffix.lower() in PICTURE_SUFFIXES)
    if videos:
        return [FileSource(path=path) for path in videos]
    if pictures:
        return [ImagesSource(name=shown(where), paths=pictures, rate=options.image_rate)]
    raise SourceNotFound(
        f"{shown(where)}: this {kind} holds no video or picture among {len(files)} files; "
        "looked for are endings such as mp4, mkv, webm, mov, avi, ts, png and jpg."
    )


def _pattern(address: str, options: SourceOptions) -> list[Source]:
    paths = tuple(numbered(address))
    name = shown(Path(address))
    if not paths:
        raise SourceNotFound(f"{name}: no file has such a numbered name; check folder and digits.")
    return [ImagesSource(name=name, paths=paths, rate=options.image_rate)]


def _listed(path: Path, options: SourceOptions) -> list[Source]:
    entries = [filled_in(line) for _, line in _lines(path)]
    if not entries:
        raise SourceNotFound(f"{shown(path)}: this list names no source; write one a line.")
    nested = [entry for entry in entries if Path(entry).suffix.lower() in LIST_SUFFIXES]
    if any(not is_network_address(entry) for entry in nested):
        raise ConfigError(f"{shown(path)}: a list cannot name other lists.")
    return [s for entry in entries for s in _sources(_beside(path, entry), options)]


def _addressed(path: Path, options: SourceOptions) -> list[Source]:
    """One address, then options of its own."""
    lines = _lines(path)
    if not lines:
        raise ConfigError(
            f"{shown(path)}: the first line has to be an address, such as "
            "rtsp://user:{GHOSTSTREAM_CAMERA_PASSWORD}@host/path."
        )
    (_, first), *rest = lines
    address = _beside(path, filled_in(first))
    if Path(address).suffix.lower() in ADDRESS_SUFFIXES and not is_network_address(address):
        raise ConfigError(f"{shown(path)}: an address file cannot name another one.")
    for number, line in rest:
        options = _with_option(options, line, where=f"{shown(path)}, line {number}")
    return _sources(address, options)


_OPTION_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "rtsp_transport": ("rtsp_transport", str),
    "open_timeout": ("open_timeout_seconds", float),
    "read_timeout": ("read_timeout_seconds", float),
    "image_rate": ("image_rate", Fraction),
}


def _with_option(options: SourceOptions, line: str, *, where: str) -> SourceOptions:
    key, equals, value = (part.strip() for part in line.partition("="))
    # The line itself is not shown: it may be an address with a password in it.
    if not equals or key not in _OPTION_READERS:
        known = ", ".join(_OPTION_READERS)
        raise ConfigError(f"{where}: expected is `key = value` with one of these keys: {known}.")
    name, read = _OPTION_READERS[key]
    try:
        return replace(options, **{name: read(value)})
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    except (ValueError, ZeroDivisionError) as error:
        raise ConfigError(f"{where}: {key} is {value!r}; it must be a number above 0.") from error


def _beside(path: Path, entry: str) -> str:
    """Relative paths in a file count from its folder."""
    if is_network_address(entry) or device_path(entry) is not None or entry == "-":
        return entry
    return str(path.parent / entry)


def _lines(path: Path) -> Sequence[tuple[int, str]]:
    """Numbered lines without blank ones and comments."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_TEXT_BYTES + 1)
        if len(text) > MAX_TEXT_BYTES:
            raise ConfigError(f"{shown(path)}: it is too long for a list of addresses.")
        lines = text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown(path)}: it is not text in UTF-8.") from error
    except OSError as error:
        raise SourceUnreadable(
            f"{shown(path)}: {error.strerror}; check its permissions."
        ) from error
    stripped = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    return [(number, line) for number, line in stripped if line and not line.startswith("#")]
