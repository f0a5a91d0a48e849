"""Turns FFmpeg's errors into ours, one sentence each, without the address that FFmpeg adds.

with translated("front door", remote=True):
    container = av.open(address)
"""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager

import av.error

from ghoststream.errors import (
    NotAVideo,
    SourceError,
    SourceNotFound,
    SourceUnreadable,
    StreamRefused,
    StreamTimedOut,
    StreamUnauthorized,
    StreamUnreachable,
)

Fault = tuple[type[SourceError], str]

_NOT_A_VIDEO: Fault = (
    NotAVideo,
    "no video can be found in it; it is damaged, cut short or something else. "
    "Expected is a file such as mp4, mkv, webm, mov, avi or ts",
)
_UNKNOWN_FORMAT: Fault = (
    NotAVideo,
    "it is in a format that GhostStream does not open; convert it to mp4, mkv or webm",
)
_UNREACHABLE: Fault = (
    StreamUnreachable,
    "nobody answers there; check the host, the port and the network",
)
_HUNG_UP: Fault = (StreamUnreachable, "the other side closed the connection")
_SILENT: Fault = (
    StreamTimedOut,
    "nothing came within the time allowed; check the camera, or raise the timeout",
)
_UNREADABLE: Fault = (SourceUnreadable, "the system fails to read it; check the disk or the mount")
_NO_MEMORY: Fault = (SourceUnreadable, "it asks for more memory than there is")

_FAULTS: dict[type[Exception], Fault] = {
    av.error.InvalidDataError: _NOT_A_VIDEO,
    av.error.EOFError: _NOT_A_VIDEO,
    # What av_open_input answers when the format is not on the list of allowed ones.
    av.error.ArgumentError: _UNKNOWN_FORMAT,
    av.error.DemuxerNotFoundError: _UNKNOWN_FORMAT,
    av.error.DecoderNotFoundError: _UNKNOWN_FORMAT,
    av.error.PatchWelcomeError: _UNKNOWN_FORMAT,
    av.error.NotImplementedError: _UNKNOWN_FORMAT,
    av.error.ProtocolNotFoundError: (
        SourceUnreadable,
        "it leads to a protocol that GhostStream does not follow; give the address of the video",
    ),
    av.error.FileNotFoundError: (SourceNotFound, "there is no such file; check the path"),
    av.error.NotADirectoryError: (SourceNotFound, "a part of the path is a file, not a directory"),
    av.error.IsADirectoryError: (NotAVideo, "it is a directory, not a video file"),
    av.error.PermissionError: (
        SourceUnreadable,
        "permission is denied; make it readable for this user",
    ),
    av.error.MemoryError: _NO_MEMORY,
    av.error.HTTPBadRequestError: (
        StreamRefused,
        "the server calls the request malformed (400); check the address",
    ),
    av.error.HTTPUnauthorizedError: (
        StreamUnauthorized,
        "the server refuses the user name or password (401); check both",
    ),
    av.error.HTTPForbiddenError: (
        StreamUnauthorized,
        "the server forbids access (403); check this user's rights",
    ),
    av.error.HTTPNotFoundError: (
        SourceNotFound,
        "the server has nothing at this path (404); check the part after the host",
    ),
    av.error.HTTPTooManyRequestsError: (
        StreamRefused,
        "the server is asked too often (429); wait, or ask less often",
    ),
    av.error.HTTPOtherClientError: (
        StreamRefused,
        "the server refuses the request (4xx); check the address",
    ),
    av.error.HTTPServerError: (
        StreamRefused,
        "the server reports a failure of its own (5xx); try again later",
    ),
    av.error.ConnectionRefusedError: _UNREACHABLE,
    av.error.ConnectionResetError: _HUNG_UP,
    av.error.ConnectionAbortedError: _HUNG_UP,
    av.error.BrokenPipeError: _HUNG_UP,
    av.error.TimeoutError: _SILENT,
    # What a read gives that PyAV's own timeout has cut off.
    av.error.ExitError: _SILENT,
}

_DEVICE_FAULTS: dict[int, Fault] = {
    errno.EBUSY: (SourceUnreadable, "another program is using it; close that program"),
    errno.ENODEV: (SourceNotFound, "there is no such device; check that it is plugged in"),
    errno.ENXIO: (SourceNotFound, "there is no such device; check that it is plugged in"),
}


@contextmanager
def translated(name: str, *, remote: bool, timeout_seconds: float | None = None) -> Iterator[None]:
    """Raises our error for each of FFmpeg's.

    Args:
        name: of the source, redacted; each message begins with it.
        remote: whether the source lies behind a network.
        timeout_seconds: after which any error means that time was up; None for never.

    Raises:
        SourceError: one of its kinds, chained to FFmpeg's error stripped of the address.
    """
    start = time.monotonic()
    try:
        yield
    except av.error.FFmpegError as error:
        _forget_address(error)
        if is_late(start, timeout_seconds):
            # RTSP calls it invalid data.
            kind, sentence = _SILENT
            raise kind(f"{name}: {sentence}.") from error
        raise fault_of(error, name, remote=remote) from error


def is_late(start: float, timeout_seconds: float | None) -> bool:
    """Whether a call that began at `start` (time.monotonic) has used up its time."""
    return timeout_seconds is not None and time.monotonic() - start >= timeout_seconds


def fault_of(error: av.error.FFmpegError, name: str, *, remote: bool) -> SourceError:
    """Our error for one of FFmpeg's; `name` and `remote` as for `translated`."""
    kind, sentence = _fault(error, remote=remote)
    return kind(f"{name}: {sentence}.")


def _fault(error: av.error.FFmpegError, *, remote: bool) -> Fault:
    if remote and isinstance(error, av.error.InvalidDataError | av.error.EOFError):
        return NotAVideo, "it answers, but what it sends is not a video"
    if remote and isinstance(error, av.error.FileNotFoundError):
        return _UNREACHABLE
    for kind, fault in _FAULTS.items():
        if isinstance(error, kind):
            return fault
    if error.errno in _DEVICE_FAULTS:
        return _DEVICE_FAULTS[error.errno]
    if isinstance(error, av.error.OSError | av.error.BlockingIOError):
        # DNS failures come as a plain input/output error, too.
        return _UNREACHABLE if remote else _UNREADABLE
    return SourceError, f"it cannot be read: {error.strerror}"


def _forget_address(error: av.error.FFmpegError) -> None:
    """FFmpeg's errors carry the address, password included, and the last log line."""
    error.args = error.args[:2]
