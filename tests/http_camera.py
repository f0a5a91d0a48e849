"""A camera that tests command: an HTTP server on 127.0.0.1 that streams MPEG-TS made with PyAV.

with HttpCamera(Connection(parts=(Part(frames=50),)), Connection(status=404)) as camera:
    ...  # open camera.url: the first connection gets 50 frames, all later ones a 404
assert camera.connections == 2

Each frame carries its number, in black and white blocks that survive coding and scaling:
`draw_number(7, (160, 120))` and `number_of(rgb)`, which is None for a picture that nobody drew.
"""

import base64
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self
from urllib.parse import quote

import av
import numpy as np
from clips import FAST_OPTIONS, Rgb

SIDE_BLOCKS = 5
NUMBERS = 1 << 20
"""The number of a frame is drawn modulo this."""
CODE_PORTION = 0.75
"""Side of the square with the blocks, of the picture's shorter side; in its middle."""
SYNC_BYTE, TS_PACKET_BYTES = 0x47, 188

Region = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Frames with a clock that runs on; the next part may have another clock, size or codec."""

    frames: int = 50
    first: int | None = None
    """Number on the first frame; unset, it goes on from what this connection sent before."""
    start_seconds: Fraction | int | None = None
    """On the camera's clock; unset, it goes on, and begins at 0 in a new connection."""
    size: tuple[int, int] = (160, 120)
    rate: int = 25
    gop: int = 10
    b_frames: int = 0
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    pace: float | None = None
    """Times its own speed; unset, as fast as the reader takes it."""
    damaged: tuple[int, ...] = ()
    """Packets, counted from 0, that hold rubbish behind their first bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What the camera does when somebody connects."""

    parts: tuple[Part, ...] = ()
    is_endless: bool = False
    """The last part is sent again and again, with numbers and clock going on."""
    then: Literal["end", "break", "silence"] = "break"
    """`end` says that nothing more comes; `break` hangs up in the middle of it."""
    status: int = 200
    """Another one is all that is answered; 0 answers nothing, and stays silent."""


class HttpCamera:
    """Serves one connection after the other as told; the last of them for all that follow.

    Args:
        connections: what to do with each.
        credentials: `user:password`, without which the answer is 401.
    """

    def __init__(self, *connections: Connection, credentials: str | None = None) -> None:
        self.connections = 0
        """How many came in, those answered with an error included."""
        self.frames_sent = 0
        self._script = connections or (Connection(parts=(Part(),)),)
        self._credentials = credentials
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """Without a password."""
        return f"http://127.0.0.1:{self._port}/live"

    def url_for(self, user: str, password: str) -> str:
        """With a user and a password, percent-encoded."""
        return f"http://{quote(user, '')}:{quote(password, '')}@127.0.0.1:{self._port}/live"

    def start(self) -> None:
        """Listens; after `stop`, at the same port."""
        self._stopped = threading.Event()
        handler = type("Handler", (_Handler,), {"camera": self, "stopped": self._stopped})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Dies: all connections break, and nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._stopped.set()
        self.hang_up()

    def hang_up(self) -> None:
        """Breaks all connections, and goes on listening."""
        with self._lock:
            for connection in self._sockets:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side was faster

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _opened(self, connection: socket.socket) -> Connection:
        with self._lock:
            self._sockets.add(connection)
            self.connections += 1
            return self._script[min(self.connections, len(self._script)) - 1]

    def _closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(connection)

    def _sent(self) -> None:
        with self._lock:
            self.frames_sent += 1

    def _is_welcome(self, authorization: str | None) -> bool:
        if self._credentials is None:
            return True
        expected = base64.b64encode(self._credentials.encode()).decode()
        return authorization == f"Basic {expected}"


class _Handler(BaseHTTPRequestHandler):
    camera: HttpCamera
    stopped: threading.Event
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        script = self.camera._opened(self.connection)
        self.close_connection = True
        try:
            self._answer(script)
        finally:
            self.camera._closed(self.connection)

    def _answer(self, script: Connection) -> None:
        if not self.camera._is_welcome(self.headers.get("Authorization")):
            self._refuse(401)
        elif script.status == 0:
            self._stay_silent()
        elif script.status != 200:
            self._refuse(script.status)
        else:
            self._stream(script)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _stream(self, script: Connection) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "video/mp2t")
        if script.then == "end":
            self.send_header("Transfer-Encoding", "chunked")  # otherwise no end is a good end
        self.end_headers()
        for data, wait_seconds in transmission(script):
            if self.stopped.wait(wait_seconds):
                return
            self.wfile.write(_chunk(data) if script.then == "end" else data)
            self.camera._sent()
        if script.then == "end":
            self.wfile.write(_chunk(b""))
        if script.then == "silence":
            self._stay_silent()

    def _stay_silent(self) -> None:
        """Until the other side, or the test, has enough."""
        self.connection.settimeout(0.05)
        while not self.stopped.is_set():
            try:
                if not self.connection.recv(1024):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def log_message(self, format: str, *values: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that hangs up early is no news."""


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def transmission(script: Connection) -> Iterator[tuple[bytes, float]]:
    """MPEG-TS bytes of one frame after the other, and how long to wait before each."""
    counters: dict[int, int] = {}
    number, clock = 0, Fraction(0)
    started, sent_seconds = time.monotonic(), 0.0
    for part in _parts(script):
        number = number if part.first is None else part.first
        clock = clock if part.start_seconds is None else Fraction(part.start_seconds)
        for data in coded(part, number, clock):
            wait_seconds = 0.0
            if part.pace is not None:
                sent_seconds += 1 / (part.rate * part.pace)
                wait_seconds = max(0.0, started + sent_seconds - time.monotonic())
            yield _with_counters(data, counters), wait_seconds
        number, clock = number + part.frames, clock + Fraction(part.frames, part.rate)


def _parts(script: Connection) -> Iterator[Part]:
    yield from script.parts
    while script.is_endless:
        yield script.parts[-1]


@lru_cache(maxsize=64)
def coded(part: Part, first: int, start_seconds: Fraction) -> tuple[bytes, ...]:
    """MPEG-TS of each packet of a part, in the order of decoding."""
    sink = _Bytes()
    with av.open(sink, "w", format="mpegts", options={"flush_packets": "1"}) as output:
        stream = output.add_stream(part.codec, rate=part.rate)
        stream.width, stream.height, stream.pix_fmt = *part.size, part.pix_fmt
        context = stream.codec_context
        context.time_base, context.gop_size = Fraction(1, part.rate), part.gop
        context.thread_count, context.max_b_frames = 1, part.b_frames
        context.options = _encoder_options(part)
        packets = [p for frame in _frames(part, first) for p in stream.encode(frame)]
        packets += stream.encode()
        shift = round(start_seconds / context.time_base)
        dice, pieces = random.Random(0), []
        for index, packet in enumerate(packets):
            packet = _damaged(packet, dice) if index in part.damaged else packet
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = stream
            output.mux(packet)
            pieces.append(sink.taken())
    return (*pieces[:-1], pieces[-1] + sink.taken())


def _encoder_options(part: Part) -> dict[str, str]:
    options = dict(FAST_OPTIONS.get(part.codec, {}))
    if part.codec == "libx264":
        # No scene cuts: what comes out is the GOP that was asked for.
        options |= {"sc_threshold": "0", **({} if part.b_frames else {"tune": "zerolatency"})}
    return options


def _frames(part: Part, first: int) -> Iterator[av.VideoFrame]:
    for index in range(part.frames):
        rgb = draw_number(first + index, part.size)
        frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=part.pix_fmt)
        frame.pts, frame.time_base = index, Fraction(1, part.rate)
        yield frame


def _damaged(packet: av.Packet, dice: random.Random) -> av.Packet:
    data = bytes(packet)
    rubbish = av.Packet(data[:8] + dice.randbytes(max(len(data) - 8, 0)))
    rubbish.pts, rubbish.dts, rubbish.time_base = packet.pts, packet.dts, packet.time_base
    rubbish.duration, rubbish.is_keyframe = packet.duration, packet.is_keyframe
    return rubbish


class _Bytes:
    """What a muxer writes, taken out piece by piece."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def taken(self) -> bytes:
        data, self._data = bytes(self._data), bytearray()
        return data


def _with_counters(data: bytes, counters: dict[int, int]) -> bytes:
    """Numbers the packets of each PID on, so that parts join without a sign of damage."""
    result = bytearray(data)
    for start in range(0, len(result), TS_PACKET_BYTES):
        assert result[start] == SYNC_BYTE
        pid = int.from_bytes(result[start + 1 : start + 3], "big") & 0x1FFF
        if result[start + 3] & 0x10:
            counters[pid] = (counters.get(pid, -1) + 1) & 15
        result[start + 3] = result[start + 3] & 0xF0 | max(counters.get(pid, 0), 0)
    return bytes(result)


def draw_number(number: int, size: tuple[int, int] = (160, 120)) -> Rgb:
    """A grey picture with the number in its middle.

    Args:
        number: 0 or more.
        size: width and height in pixels; the shorter side at least 40.

    Returns:
        H x W x 3.
    """
    width, height = size
    rgb = np.full((height, width, 3), 96 + 5 * (number % 8), np.uint8)
    left, top, right, bottom = (round(edge) for edge in _code_edges(width, height))
    rows = np.arange(bottom - top) * SIDE_BLOCKS // (bottom - top)
    columns = np.arange(right - left) * SIDE_BLOCKS // (right - left)
    rgb[top:bottom, left:right] = (_bits(number)[rows][:, columns] * 235 + 10)[..., None]
    return rgb


def number_of(
    rgb: Rgb, *, size: tuple[int, int] = (160, 120), shown: Region = (0, 0, 1, 1)
) -> int | None:
    """The number in a picture; None where there is none that was drawn.

    Args:
        rgb: H x W x 3, of any size, such as 224 x 224.
        size: of the picture that was drawn.
        shown: the part of it that the array shows; see `center_crop`.
    """
    left, top, right, bottom = _portions(size)
    rows = _centers((top, bottom), (shown[1], shown[3]), rgb.shape[0])
    columns = _centers((left, right), (shown[0], shown[2]), rgb.shape[1])
    grey = rgb.mean(axis=2)
    levels = np.array([[grey[y - 1 : y + 2, x - 1 : x + 2].mean() for x in columns] for y in rows])
    if ((levels > 80) & (levels < 175)).any():
        return None
    bits = levels > 128
    number = int("".join("01"[int(bit)] for bit in bits.flat[:20]), 2)
    return number if (bits == _bits(number)).all() else None


def center_crop(size: tuple[int, int] = (160, 120), portion: float = 0.875) -> Region:
    """What a square out of the middle shows of a picture, as `number_of` wants it."""
    side = portion * min(size)
    x, y = side / size[0] / 2, side / size[1] / 2
    return 0.5 - x, 0.5 - y, 0.5 + x, 0.5 + y


def _bits(number: int) -> Rgb:
    """20 bits, and 5 that no picture of one colour has."""
    number %= NUMBERS
    code = number << 5 | (number % 31) ^ 0b10101
    return np.array([code >> bit & 1 for bit in range(24, -1, -1)], np.uint8).reshape(5, 5)


def _code_edges(width: float, height: float) -> Region:
    half = CODE_PORTION * min(width, height) / 2
    return width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half


def _portions(size: tuple[int, int]) -> Region:
    left, top, right, bottom = _code_edges(*size)
    return left / size[0], top / size[1], right / size[0], bottom / size[1]


def _centers(code: tuple[float, float], shown: tuple[float, float], side: int) -> list[int]:
    places = [code[0] + (code[1] - code[0]) * (n + 0.5) / SIDE_BLOCKS for n in range(SIDE_BLOCKS)]
    return [int((place - shown[0]) / (shown[1] - shown[0]) * side) for place in places]
