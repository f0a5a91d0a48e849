"""Each of FFmpeg's errors becomes one of ours, and the address goes nowhere."""

import traceback

import av.error
import pytest

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
from ghoststream.video.errors import fault_of, translated

SECRET = "rtsp://admin:s3cret@camera/1"

EXPECTED = {
    "InvalidDataError": NotAVideo,
    "EOFError": NotAVideo,
    "ArgumentError": NotAVideo,
    "DemuxerNotFoundError": NotAVideo,
    "DecoderNotFoundError": NotAVideo,
    "PatchWelcomeError": NotAVideo,
    "NotImplementedError": NotAVideo,
    "IsADirectoryError": NotAVideo,
    "FileNotFoundError": SourceNotFound,
    "NotADirectoryError": SourceNotFound,
    "HTTPNotFoundError": SourceNotFound,
    "PermissionError": SourceUnreadable,
    "MemoryError": SourceUnreadable,
    "ProtocolNotFoundError": SourceUnreadable,
    "OSError": SourceUnreadable,
    "BlockingIOError": SourceUnreadable,
    "HTTPBadRequestError": StreamRefused,
    "HTTPUnauthorizedError": StreamUnauthorized,
    "HTTPForbiddenError": StreamUnauthorized,
    "HTTPTooManyRequestsError": StreamRefused,
    "HTTPOtherClientError": StreamRefused,
    "HTTPServerError": StreamRefused,
    "ConnectionRefusedError": StreamUnreachable,
    "ConnectionResetError": StreamUnreachable,
    "ConnectionAbortedError": StreamUnreachable,
    "BrokenPipeError": StreamUnreachable,
    "TimeoutError": StreamTimedOut,
    "ExitError": StreamTimedOut,
}
# What cannot happen while reading, or says nothing of its own.
PLAIN = {
    "BSFNotFoundError",
    "BufferTooSmallError",
    "BugError",
    "ChildProcessError",
    "EncoderNotFoundError",
    "ExperimentalError",
    "ExternalError",
    "FileExistsError",
    "FilterNotFoundError",
    "InputChangedError",
    "InterruptedError",
    "MuxerNotFoundError",
    "OptionNotFoundError",
    "OutputChangedError",
    "OverflowError",
    "ProcessLookupError",
    "PyAVCallbackError",
    "StreamNotFoundError",
    "UnknownError",
}
ERRORS = sorted({(kind.__name__, code, kind) for code, kind in av.error.classes.items()}, key=str)


@pytest.mark.parametrize(("name", "code", "kind"), ERRORS)
def test_every_error_of_ffmpeg_has_a_place(name: str, code: int, kind: type) -> None:
    fault = fault_of(kind(code, "what happened", SECRET), "front door", remote=False)
    device_codes = {"OSError"}
    if name in PLAIN:
        assert type(fault) is SourceError
    elif name not in device_codes:
        assert type(fault) is EXPECTED[name]
    assert str(fault).startswith("front door: ")
    assert str(fault).endswith(".")
    assert "s3cret" not in str(fault)


def test_all_are_met() -> None:
    assert {name for name, _, _ in ERRORS} <= EXPECTED.keys() | PLAIN


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        (av.error.OSError, 5, StreamUnreachable),
        (av.error.FileNotFoundError, 2, StreamUnreachable),
        (av.error.InvalidDataError, 1094995529, NotAVideo),
    ],
)
def test_some_mean_something_else_behind_a_network(kind: type, code: int, expected: type) -> None:
    assert type(fault_of(kind(code, "what happened"), "front door", remote=True)) is expected


def test_address_is_in_no_part_of_the_chain() -> None:
    with pytest.raises(SourceError) as caught, translated("front door", remote=True):
        raise av.error.HTTPUnauthorizedError(1, "401", SECRET, (16, "rtsp", f"open {SECRET}"))
    printed = "".join(traceback.format_exception(caught.value, chain=True))
    printed = "\n".join(line for line in printed.splitlines() if "raise av.error" not in line)
    assert "s3cret" not in printed
    assert "401" in printed
    assert "s3cret" not in repr(caught.value.__cause__)
