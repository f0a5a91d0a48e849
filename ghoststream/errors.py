"""Everything that GhostStream raises on purpose.

    GhostStreamError
    ├── ConfigError            an option, a pipeline file or a combination of them
    ├── SourceError            a video that cannot be had
    │   ├── SourceNotFound     no such file, directory, device or path on the server
    │   ├── SourceUnreadable   it is there, but the system does not let us read it
    │   ├── NotAVideo          empty, not a video, or too damaged to find one in it
    │   ├── NoVideoStream      sound, subtitles or data only
    │   ├── NoFrames           a video stream out of which no picture could be decoded
    │   ├── DecoderCrashed     a video that takes the process which reads it down with it
    │   ├── DecoderHung        a video that its decoder does not come to an end with
    │   ├── StreamUnreachable  nobody answers at the address
    │   ├── StreamRefused      the server answers, and says no
    │   │   └── StreamUnauthorized   of the user name, the password or the rights
    │   ├── StreamTimedOut     the server accepts, and then stays silent
    │   └── FormatChanged      a live stream whose pictures have another size or format from now on
    ├── WeightsError           weights that are missing, damaged, of another network or untrained
    ├── HeadError              a head that is damaged or belongs to another backbone
    ├── DataError              labelled clips that nothing can be learnt from
    ├── LogError               an event log that is missing, no log, or of another schema
    ├── StoreError             a store that is missing, of another version or made in another way
    │   └── StoreBusy          somebody else writes to it
    ├── OutputError            a file that cannot be written, or a full disk
    └── ServeError             what the page is asked for, and cannot do
        ├── NotThere           no such thing, or none that may be seen
        ├── Gone               it was there, and is not any more, or not as it was
        ├── Conflict           it does not go with what is there already
        ├── TooLarge           more bytes or pixels than are taken
        ├── Unsuitable         values that do not hold, or a file of another type
        ├── Busy               too many ask at once
        ├── Abandoned          whoever asked has gone before it was begun
        └── WorkerLost         the process that did it was ended: too slow, too large, or crashed

Each message says what went wrong, with which value, and what would work.
"""

from typing import ClassVar


class GhostStreamError(Exception):
    """Base of all errors raised on purpose; `code` is stable, for machines."""

    code: ClassVar[str] = "ERROR"
    exit_code: ClassVar[int] = 1


class ConfigError(GhostStreamError):
    code = "CONFIG_INVALID"
    exit_code = 2


class SourceError(GhostStreamError):
    code = "SOURCE_FAILED"
    exit_code = 4


class SourceNotFound(SourceError):
    code = "SOURCE_NOT_FOUND"


class SourceUnreadable(SourceError):
    code = "SOURCE_UNREADABLE"


class NotAVideo(SourceError):
    code = "SOURCE_NOT_A_VIDEO"


class NoVideoStream(SourceError):
    code = "SOURCE_NO_VIDEO_STREAM"


class NoFrames(SourceError):
    code = "SOURCE_NO_FRAMES"


class DecoderCrashed(SourceError):
    code = "DECODER_CRASHED"


class DecoderHung(SourceError):
    code = "DECODER_HUNG"


class StreamUnreachable(SourceError):
    code = "STREAM_UNREACHABLE"


class StreamRefused(SourceError):
    code = "STREAM_REFUSED"


class StreamUnauthorized(StreamRefused):
    code = "STREAM_UNAUTHORIZED"


class StreamTimedOut(SourceError):
    code = "STREAM_TIMED_OUT"


class FormatChanged(SourceError):
    code = "STREAM_FORMAT_CHANGED"


class WeightsError(GhostStreamError):
    code = "WEIGHTS_UNUSABLE"
    exit_code = 2


class HeadError(GhostStreamError):
    code = "HEAD_UNUSABLE"
    exit_code = 2


class DataError(GhostStreamError):
    code = "DATA_UNUSABLE"
    exit_code = 2


class LogError(GhostStreamError):
    code = "LOG_UNUSABLE"
    exit_code = 4


class StoreError(GhostStreamError):
    code = "STORE_UNUSABLE"
    exit_code = 2


class StoreBusy(StoreError):
    code = "STORE_BUSY"


class OutputError(GhostStreamError):
    code = "OUTPUT_FAILED"
    exit_code = 5


class ServeError(GhostStreamError):
    code = "SERVE_FAILED"


class NotThere(ServeError):
    code = "NOT_FOUND"


class Gone(ServeError):
    code = "GONE"


class Conflict(ServeError):
    code = "CONFLICT"


class TooLarge(ServeError):
    code = "TOO_LARGE"


class Unsuitable(ServeError):
    code = "UNSUITABLE"


class Busy(ServeError):
    code = "BUSY"


class Abandoned(ServeError):
    code = "ABANDONED"


class WorkerLost(ServeError):
    code = "WORKER_LOST"
