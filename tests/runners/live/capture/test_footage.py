"""A capture process cuts clips and thumbnails out of what it has in memory and what comes."""

import re
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import index_of, noise, write_clip
from live_packets import NOON, StreamPacket, live
from PIL import Image

from ghoststream.runners.live.capture import footage as footage_module
from ghoststream.runners.live.capture.footage import Footage
from ghoststream.runners.live.messages import EndClip, KeepClip, KeepThumbnail, Kept, NotKept
from ghoststream.types import Evidence, TimeSpan
from ghoststream.video.ring import Ring
from ghoststream.video.thumbnail import Thumbnail, thumbnail_at

RATE, GOP = 25, 25


@dataclass
class Scene:
    """A camera of 16 s, one keyframe a second, and what its footage tells."""

    footage: Footage
    packets: list[StreamPacket]
    folder: Path
    told: list[Kept | NotKept] = field(default_factory=list)
    fed: int = 0

    def feed(self, until: int) -> None:
        """Packets up to a second."""
        for packet in self.packets[self.fed : until * RATE]:
            self.footage.feed(packet)
        self.fed = until * RATE

    def keep(self, since: str, *, event: str = "a", max_seconds: int = 60) -> None:
        self.footage.handle(
            KeepClip(
                event_id=event,
                since=NOON + Fraction(since),
                path=str(self.folder / f"080000.123-{event}"),
                max_seconds=Fraction(max_seconds),
            )
        )

    def end(self, until: str, *, event: str = "a") -> None:
        self.footage.handle(EndClip(event_id=event, until=NOON + Fraction(until)))

    def keep_thumbnail(self, time: str, *, event: str = "a") -> None:
        path = str(self.folder / f"080000.123-{event}.jpg")
        moment = NOON + Fraction(time)
        self.footage.handle(KeepThumbnail(event_id=event, time=moment, path=path))

    def kept(self) -> list[Evidence]:
        """All files, once the stream has ended."""
        self.footage.end_all()
        assert all(isinstance(message, Kept) for message in self.told), self.told
        return [message.evidence for message in self.told if isinstance(message, Kept)]

    def causes(self) -> list[str]:
        self.footage.end_all()
        return [message.cause for message in self.told if isinstance(message, NotKept)]

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("footage") / "camera.mp4"
    return write_clip(path, frames=16 * RATE, rate=RATE, gop=GOP, picture=noise)


@contextmanager
def filmed(video: Path, folder: Path) -> Iterator[Scene]:
    with live(video) as (stream, packets):
        told: list[Kept | NotKept] = []
        ring = Ring(max_seconds=Fraction(4), max_bytes=32 << 20)
        footage = Footage(source="door", stream=stream, ring=ring, emit=told.append)
        yield Scene(footage=footage, packets=packets, folder=folder, told=told)
        footage.end_all()
        footage.close()


@pytest.fixture
def scene(video: Path, tmp_path: Path) -> Iterator[Scene]:
    with filmed(video, tmp_path / "out") as scene:
        yield scene


def packets_of(path: Path | str) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def bytes_of(packets: list[StreamPacket]) -> list[bytes]:
    return [bytes(packet.packet) for packet in packets]


def span(start: str, end: str) -> TimeSpan:
    return TimeSpan(start=NOON + Fraction(start), end=NOON + Fraction(end))


def test_a_clip_of_ten_seconds_is_the_packets_between(scene: Scene) -> None:
    scene.feed(5)
    scene.keep("2.5")
    scene.feed(9)
    scene.end("12.5")
    scene.feed(16)
    (evidence,) = scene.kept()
    assert evidence == Evidence(
        source="door",
        event_id="a",
        kind="clip",
        path=str(scene.folder / "080000.123-a.mp4"),
        span=span("2", "12.56"),  # keyframe at or before the start; frame at or past the end
        nbytes=Path(evidence.path).stat().st_size,
        is_whole=True,
    )
    assert packets_of(evidence.path) == bytes_of(scene.packets[50:314])
    assert scene.names() == ["080000.123-a.mp4"]


def test_the_end_may_have_passed_already(scene: Scene) -> None:
    scene.feed(6)
    scene.keep("4")
    scene.end("5")
    (evidence,) = scene.kept()
    assert (evidence.span, evidence.is_whole) == (span("4", "6"), True)


def test_a_file_is_partial_until_it_is_whole(scene: Scene) -> None:
    scene.feed(5)
    scene.keep("2")
    scene.feed(8)
    assert scene.names() == ["080000.123-a.partial.mp4"]
    scene.kept()
    assert scene.names() == ["080000.123-a.mp4"]


def test_a_long_event_gets_several_files(scene: Scene) -> None:
    scene.feed(3)
    scene.keep("0.5", max_seconds=4)
    scene.feed(12)
    scene.end("10")
    kept = scene.kept()
    assert scene.names() == ["080000.123-a-2.mp4", "080000.123-a-3.mp4", "080000.123-a.mp4"]
    assert [Path(evidence.path).stem for evidence in kept] == [
        "080000.123-a",
        "080000.123-a-2",
        "080000.123-a-3",
    ]
    assert [evidence.span for evidence in kept] == [
        span("0", "4"),
        span("4", "8"),
        span("8", "12"),
    ]
    assert all(evidence.is_whole for evidence in kept)
    copied = [data for evidence in kept for data in packets_of(evidence.path)]
    assert copied == bytes_of(scene.packets[:300])


def test_several_events_at_once(scene: Scene) -> None:
    scene.feed(4)
    scene.keep("1")
    scene.feed(6)
    scene.keep("3", event="b")
    scene.end("7")
    scene.end("9", event="b")
    scene.feed(12)
    kept = {evidence.event_id: evidence for evidence in scene.kept()}
    assert packets_of(kept["a"].path) == bytes_of(scene.packets[25:176])
    assert packets_of(kept["b"].path) == bytes_of(scene.packets[75:226])


def test_a_stream_that_breaks_off(scene: Scene) -> None:
    scene.feed(5)
    scene.keep("4")
    scene.end("9")
    scene.feed(7)
    (evidence,) = scene.kept()
    assert (evidence.span, evidence.is_whole) == (span("4", "7"), False)
    assert packets_of(evidence.path) == bytes_of(scene.packets[100:175])


def test_memory_that_does_not_reach_back(scene: Scene) -> None:
    scene.feed(10)
    scene.keep("1")
    scene.end("11")
    scene.feed(12)
    (evidence,) = scene.kept()
    assert (evidence.span, evidence.is_whole) == (span("5", "11.04"), False)


def test_waits_for_the_first_keyframe(scene: Scene) -> None:
    scene.fed = 5
    scene.keep("0")
    scene.feed(3)
    scene.end("2")
    (evidence,) = scene.kept()
    assert evidence.span.start == NOON + 1


def test_no_keyframe_at_all(scene: Scene) -> None:
    scene.keep("0")
    assert scene.causes() == ["no keyframe came before its end"]


def test_thumbnail(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "grey.mp4", frames=50, gop=25)
    with filmed(video, tmp_path / "out") as scene:
        scene.feed(2)
        scene.keep_thumbnail("1.22")
        (evidence,) = scene.kept()
        assert scene.names() == ["080000.123-a.jpg"]
    shown = ("thumbnail", span("1.2", "1.2"), True)
    assert (evidence.kind, evidence.span, evidence.is_whole) == shown
    assert evidence.nbytes == Path(evidence.path).stat().st_size
    with Image.open(evidence.path) as picture:
        assert index_of(np.asarray(picture)) == 30


def test_a_thumbnail_of_what_is_not_in_memory(scene: Scene) -> None:
    scene.keep_thumbnail("1")
    assert "not in memory any more" in scene.causes()[0]


def test_a_thumbnail_does_not_hold_the_stream_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()

    def slow(*args: object, **options: object) -> Thumbnail:
        assert may_go_on.wait(60)
        return thumbnail_at(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(footage_module, "thumbnail_at", slow)
    scene.feed(2)
    scene.keep_thumbnail("1")
    scene.feed(16)  # would hang
    may_go_on.set()
    assert [evidence.kind for evidence in scene.kept()] == ["thumbnail"]


def test_a_directory_that_cannot_be_written(scene: Scene) -> None:
    scene.folder.write_text("in the way")
    scene.feed(5)
    scene.keep("2")
    scene.keep_thumbnail("2")
    scene.feed(6)
    scene.end("5")
    causes = scene.causes()
    assert len(causes) == 2
    assert all(re.match("cannot write .*: a part of the path is a file", c) for c in causes)


def test_a_full_disk_ends_the_clip_and_nothing_else(scene: Scene) -> None:
    scene.feed(3)
    scene.keep("2")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        scene.feed(10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    scene.keep("8", event="b")
    scene.end("9", event="b")
    (cause,) = scene.causes()
    assert "the file system does not hold files as large" in cause
    assert scene.names() == ["080000.123-b.mp4"]


def test_an_unexpected_error_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Thumbnail:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(footage_module, "thumbnail_at", broken)
    scene.feed(2)
    scene.keep_thumbnail("1")
    assert scene.causes() == ["unexpected ZeroDivisionError: oh"]


def test_the_stream_may_be_closed_before_the_work_is_done(video: Path, tmp_path: Path) -> None:
    ring = Ring(max_seconds=Fraction(4), max_bytes=32 << 20)
    told: list[Kept | NotKept] = []
    with live(video) as (stream, packets):
        footage = Footage(source="door", stream=stream, ring=ring, emit=told.append)
    scene = Scene(footage=footage, packets=packets, folder=tmp_path / "out", told=told)
    scene.feed(5)
    scene.keep_thumbnail("4")
    scene.keep("4")
    clip, thumbnail = sorted(scene.kept(), key=lambda evidence: evidence.kind)
    footage.close()
    assert packets_of(clip.path) == bytes_of(packets[100:125])
    assert thumbnail.span == span("4", "4")


def test_after_the_end_the_last_pictures_can_still_be_kept(scene: Scene) -> None:
    scene.feed(5)
    scene.footage.end_all()
    scene.keep("2")
    scene.keep_thumbnail("2")
    scene.end("3")
    clip, thumbnail = sorted(scene.kept(), key=lambda evidence: evidence.kind)
    assert packets_of(clip.path) == bytes_of(scene.packets[50:125])
    assert (clip.span, clip.is_whole) == (span("2", "5"), False)
    assert (thumbnail.span, thumbnail.is_whole) == (span("2", "2"), True)


def test_commands_while_packets_come(scene: Scene) -> None:
    """Two threads, as in a capture process; nothing is lost or doubled between memory and file."""
    scene.feed(3)

    def command(act: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=act)
        thread.start()
        return thread

    feeding = command(lambda: scene.feed(16))
    for number in range(8):
        scene.keep("0", event=f"event{number}")
        scene.keep_thumbnail("0", event=f"event{number}")
    feeding.join()
    for evidence in scene.kept():
        if evidence.kind == "clip":
            first = int((evidence.span.start - NOON) * RATE)
            assert packets_of(evidence.path) == bytes_of(scene.packets[first:])
    assert len(scene.told) == 16
