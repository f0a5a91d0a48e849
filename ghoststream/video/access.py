"""What FFmpeg may open, and how: a file opens nothing but itself, an address no files.

A "video" can be a playlist that names other files or servers (HLS, concat, SDP, ...), and FFmpeg
would follow it. So each kind of source gets a list of demuxers and protocols; what is not on it is
refused by FFmpeg itself. https://ffmpeg.org/ffmpeg-protocols.html#Protocol-Options
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ghoststream.errors import ConfigError, NotAVideo, SourceNotFound, SourceUnreadable
from ghoststream.types import Clock

MAX_RTSP_LOGIN = 127
"""Letters of user name and password, as encoded: FFmpeg silently cuts off what is longer."""
MAX_PIXELS = 1 << 27
"""Of one picture. 16K (15360 x 8640) fits; a forged header cannot ask for gigabytes."""

# Containers that hold their own data. Sound formats are here so that they are told apart from
# rubbish. Not here, on purpose: hls, dash, concat, image2, sdp, lavfi, avisynth, *_pipe.
FILE_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,nut,mxf,"
    "gxf,dv,rm,wtv,ivf,obu,av1,h264,hevc,vvc,m4v,mjpeg,mjpeg_2000,mpjpeg,h261,h263,vc1,vc1test,"
    "cavsvideo,dirac,yuv4mpegpipe,gif,apng,swf,"
    "mp3,wav,w64,flac,aac,ac3,eac3,aiff,au,caf,amr,ape,tta,wv,dts,truehd"
)
# Formats that carry pictures and no times: somebody has to state a rate.
RATE_ONLY_FORMATS = (
    "h264,hevc,vvc,m4v,mjpeg,mjpeg_2000,mpegvideo,h261,h263,vc1,cavsvideo,dirac,obu,av1,"
    "yuv4mpegpipe"
)
# Formats that carry decoding times only; what FFmpeg offers as pts there is a guess.
NO_PTS_FORMATS = "avi"
NETWORK_FORMATS = f"{FILE_FORMATS},hls,rtsp,rtp,rtp_mpegts,sdp"
NETWORK_PROTOCOLS = "http,https,tcp,tls,rtsp,rtsps,rtp,udp,crypto,httpproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to open one source; made by `file_access`, `network_access` or `device_access`."""

    address: str = field(repr=False)
    """As FFmpeg wants it; may hold a password, so it is never shown."""
    name: str
    """As people see it; redacted."""
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_live: bool = False
    is_remote: bool = False
    open_timeout_seconds: float | None = None
    read_timeout_seconds: float | None = None
    clock: Clock = "pts"


def file_access(path: Path, name: str | None = None) -> Access:
    """For a file on this machine.

    Raises:
        SourceNotFound, SourceUnreadable, NotAVideo: there is no readable regular file.
    """
    name = name or str(path)
    check_regular_file(path, name)
    return Access(
        # `file:` and a full path, so that no name is taken for a protocol or an option.
        address=f"file:{path.absolute()}",
        name=name,
        options={"protocol_whitelist": "file", "format_whitelist": FILE_FORMATS},
    )


def check_regular_file(path: Path, name: str, *, max_bytes: int | None = None) -> None:
    """Refuses what would hang (a pipe) or can hold no video (a directory, an empty file).

    Args:
        path: to look at.
        name: of the source, for messages.
        max_bytes: bound on its size, where there is one.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFound(f"{name}: there is no such file; check the path.") from error
    except PermissionError as error:
        raise _unreadable(name) from error
    except (OSError, ValueError) as error:
        raise SourceUnreadable(f"{name}: the system cannot look at it: {error}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise NotAVideo(f"{name}: it is a directory, not a video file.")
    if not stat.S_ISREG(status.st_mode):
        raise NotAVideo(f"{name}: it is a pipe, socket or device, not a regular file.")
    if not os.access(path, os.R_OK):
        raise _unreadable(name)
    if status.st_size == 0:
        raise NotAVideo(f"{name}: the file is empty; was its copy or recording cut off?")
    if max_bytes is not None and status.st_size > max_bytes:
        raise NotAVideo(f"{name}: it has {status.st_size} bytes; at most {max_bytes} are read.")


def _unreadable(name: str) -> SourceUnreadable:
    return SourceUnreadable(f"{name}: permission is denied; make it readable for this user.")


def network_access(
    address: str,
    name: str,
    *,
    is_live: bool,
    rtsp_transport: str,
    open_timeout_seconds: float,
    read_timeout_seconds: float,
) -> Access:
    """For rtsp(s):// and http(s)://.

    Args:
        address: percent-encoded where it needs to be, user name and password in it.
        name: redacted.
        is_live: whether frames come as they are made.
        rtsp_transport: `tcp` or `udp`; UDP loses packets, which shows as grey smears.
        open_timeout_seconds: for connection and first packets.
        read_timeout_seconds: of silence later on.

    Raises:
        ConfigError: user name and password are too long for RTSP.
    """
    login = address.partition("://")[2].partition("/")[0].rpartition("@")[0]
    if address.startswith("rtsp") and len(login) > MAX_RTSP_LOGIN:
        raise ConfigError(
            f"{name}: user name and password have {len(login)} letters as encoded; RTSP takes at "
            f"most {MAX_RTSP_LOGIN}, of which signs such as @ and / count 3, and an umlaut 6"
        )
    options = {"protocol_whitelist": NETWORK_PROTOCOLS, "format_whitelist": NETWORK_FORMATS}
    # FFmpeg's own time-out, in microseconds, ends what ours cannot.
    patience = max(open_timeout_seconds, read_timeout_seconds) + 5
    timeout = str(round(patience * 1_000_000))
    if address.startswith(("rtsp:", "rtsps:")):
        options |= {"rtsp_transport": rtsp_transport, "timeout": timeout}
        # The rate is declared. FFmpeg would measure it over twenty frames, which takes a second at
        # 25 a second and four at 5, whenever a camera is connected to.
        options["fpsprobesize"] = "0"
    else:
        options |= {"rw_timeout": timeout}
    return Access(
        address=address,
        name=name,
        options=options,
        is_live=is_live,
        is_remote=True,
        open_timeout_seconds=open_timeout_seconds,
        read_timeout_seconds=read_timeout_seconds,
    )


def device_access(
    path: str, name: str, *, rate: Fraction | None, read_timeout_seconds: float
) -> Access:
    """For a camera of this machine, through Video4Linux2.

    Args:
        path: such as /dev/video0.
        name: as people see it.
        rate: frames a second to ask for; None leaves it to the camera.
        read_timeout_seconds: of silence.
    """
    # The driver's stamps are when a picture was taken; `abs` puts them on the wall clock.
    options = {"protocol_whitelist": "file", "timestamps": "abs"}
    if rate is not None:
        options["framerate"] = str(rate)
    return Access(
        address=path,
        name=name,
        format="v4l2",
        options=options,
        is_live=True,
        open_timeout_seconds=read_timeout_seconds,
        read_timeout_seconds=read_timeout_seconds,
        clock="arrival",
    )
