"""A real RTSP server on 127.0.0.1 that tests kill, freeze and start anew at the same port.

clip = numbered_clip(tmp_path / "clip.mkv", frames=250)
with RtspServer(cam0=Mount(clip=clip)) as server:
    ...  # open server.url("cam0"): the clip from its first frame on, 25 a second
    server.kill()
    server.start(cam0=Mount(clip=other_clip))

It is GStreamer's, in a process of the system's Python (see `rtsp_media.py`). `HttpCamera` is
quicker and does what it is told to the byte; this one does what servers do.
"""

import json
import os
import signal
import subprocess
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from clips import write_clip
from http_camera import draw_number
from services import require

SCRIPT = Path(__file__).with_name("rtsp_media.py")
SYSTEM_PYTHON = "/usr/bin/python3"

Codec = Literal["h264", "hevc", "mjpeg"]
ENCODERS: dict[Codec, tuple[str, str, dict[str, str]]] = {
    "h264": ("libx264", "yuv420p", {"preset": "veryfast", "crf": "18"}),
    "hevc": ("libx265", "yuv420p", {}),
    # RTP carries no Huffman tables: they have to be those of the standard.
    "mjpeg": ("mjpeg", "yuvj420p", {"huffman": "default"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """What a camera shows."""

    clip: Path
    """Matroska, or mp4 where the codec is not mjpeg; each client sees it once, from its start."""
    codec: Codec = "h264"
    clock: Literal["right", "wrong", "none"] = "right"
    """What RTCP sender reports say of the wall time; `wrong` is off by a hundred years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The only user who is let in."""

    user: str
    password: str
    auth: Literal["basic", "digest"] = "digest"


class RtspServer:
    """Serves its mounts from the moment it is entered, at one port for all its lives.

    Args:
        login: who is let in; unset, everybody.
        mounts: by name.
    """

    def __init__(self, *, login: Login | None = None, **mounts: Mount) -> None:
        self.login = login
        self.port = 0
        self._mounts = mounts
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def url(self, name: str) -> str:
        """Without a password."""
        return f"rtsp://127.0.0.1:{self.port}/{name}"

    def url_with(self, name: str, user: str, password: str) -> str:
        """With a user and a password, percent-encoded."""
        return f"rtsp://{quote(user, '')}:{quote(password, '')}@127.0.0.1:{self.port}/{name}"

    def start(self, **mounts: Mount) -> None:
        """Listens, with other mounts where some are given."""
        self._mounts = mounts or self._mounts
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Programs of the system's Python see nothing of ours.
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(self._settings()))
        self._process.stdin.close()
        word, _, port = self._process.stdout.readline().partition(" ")
        assert word == "ready", "the RTSP server did not start"
        self.port = int(port)

    def kill(self) -> None:
        """Dies without a word to anybody, and nobody listens any more."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def freeze(self) -> None:
        """Connections are accepted, by the system, and then nothing comes."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Goes on."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def _settings(self) -> dict[str, object]:
        mounts = {
            name: {**asdict(mount), "clip": str(mount.clip)} for name, mount in self._mounts.items()
        }
        login = {} if self.login is None else asdict(self.login)
        return {"port": self.port, "mounts": mounts, **login}


def require_rtsp() -> None:
    """Skips the test, or fails it, where GStreamer's RTSP server is not installed."""
    require(
        _is_installed(),
        "GStreamer's RTSP server (gir1.2-gst-rtsp-server-1.0, good and bad plugins)",
    )


@cache
def _is_installed() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    check = subprocess.run([SYSTEM_PYTHON, str(SCRIPT), "--check"], capture_output=True)
    return check.returncode == 0


def numbered_clip(
    path: Path,
    *,
    frames: int = 250,
    first: int = 0,
    size: tuple[int, int] = (160, 120),
    rate: int = 25,
    gop: int = 25,
    b_frames: int = 0,
    codec: Codec = "h264",
) -> Path:
    """A clip each of whose frames carries its number, as `number_of` reads it.

    Args:
        path: ends in .mkv.
        frames: how many; a server sends `rate` of them a second.
        first: number on the first frame.
        size: width and height in pixels, multiples of 8.
        rate: frames a second.
        gop: distance of keyframes in frames.
        b_frames: how many stand between two references; of H.264 only.
        codec: of the pictures.
    """
    encoder, pix_fmt, options = ENCODERS[codec]
    if codec == "h264":
        # With as many references as a pyramid of B-frames needs, which cameras have who have any.
        adaptive = f"bframes={b_frames}:b-adapt=0:b-pyramid=normal:ref=4:scenecut=0"
        options = {**options, "x264-params": adaptive}
    return write_clip(
        path,
        frames=frames,
        size=size,
        rate=Fraction(rate),
        gop=gop,
        b_frames=b_frames,
        codec=encoder,
        pix_fmt=pix_fmt,
        picture=lambda index, size: draw_number(first + index, size),
        options=options,
    )
