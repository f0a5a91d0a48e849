"""States, waits and counts of a camera whose processes are not there and whose clock is set."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

from ghoststream.errors import (
    FormatChanged,
    NotAVideo,
    SourceError,
    SourceNotFound,
    StreamTimedOut,
    StreamUnauthorized,
    StreamUnreachable,
)
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.runners.live.messages import (
    Alive,
    Begun,
    CameraEnded,
    CaptureSpec,
    EndClip,
    Gone,
    Item,
    KeepClip,
    KeepThumbnail,
    Kept,
    NotKept,
    Preview,
    Sampled,
    SegmentBegun,
    SegmentEnded,
    ShowPreviews,
    Stop,
)
from ghoststream.runners.live.supervision.camera import Camera
from ghoststream.runners.live.supervision.patience import Patience
from ghoststream.sampling import EveryFrame
from ghoststream.types import (
    WHOLE_PICTURE,
    Counts,
    Evidence,
    SegmentCause,
    Status,
    StreamInfo,
    TimeSpan,
)
from ghoststream.video.access import Access

INFO = StreamInfo(
    codec="h264", width=64, height=48, coded_width=64, coded_height=48, pixel_format="yuv420p",
    bit_depth=8, time_base=Fraction(1, 90_000), start_time=Fraction(1000), duration=None,
    average_rate=None, declared_frames=None, rotation=0, sample_aspect_ratio=Fraction(1),
    color_matrix="bt601", color_range="limited", interlaced=False, container="rtsp",
    clock="arrival",
)  # fmt: skip
SPEC = CaptureSpec(
    name="gate",
    access=Access(address="rtsp://u:secret@host/", name="gate", is_live=True, is_remote=True),
    sampling=EveryFrame(),
    preprocessing=Preprocessing(),
    regions=((None, WHOLE_PICTURE),),
)
PATIENCE = Patience(
    open_seconds=10, stall_seconds=20, retry_initial_seconds=1, retry_max_seconds=30
)
UNREACHABLE = StreamUnreachable("gate: nobody answers there.")


class Longest(Random):
    """Chance that always takes the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        return b


@dataclass
class Fake:
    """A process that does nothing, and remembers what was done to it."""

    spec: CaptureSpec
    sent: list[Any] = field(default_factory=list)
    is_killed: bool = False

    def send(self, command: object) -> None:
        self.sent.append(command)

    def kill(self) -> None:
        self.is_killed = True


class World:
    """A camera, its processes, the time, and what it has told."""

    def __init__(self, spec: CaptureSpec = SPEC, **patience: float) -> None:
        self.now = 100.0
        self.items: list[Item] = []
        self.previews: list[Preview] = []
        self.processes: list[Fake] = []
        self.launch_error: OSError | None = None
        self.camera = Camera(
            spec,
            replace(PATIENCE, **patience),  # type: ignore[arg-type]
            launch=self.launch,
            tell=self.items.append,
            show=self.previews.append,
            clock=lambda: self.now,
            wall_clock=lambda: 1_000_000.25 + self.now,
            random=Longest(),
        )
        self.camera.tick()

    def launch(self, spec: CaptureSpec) -> Fake:
        if self.launch_error is not None:
            raise self.launch_error
        self.processes.append(Fake(spec))
        return self.processes[-1]

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.camera.tick()

    def begin(self, cause: SegmentCause = "connected", start: int = 1000) -> None:
        info = replace(INFO, start_time=Fraction(start))
        self.camera.hear(Begun(info=info, cause=cause))

    def sample(self, second: int) -> Sampled:
        span = TimeSpan(start=Fraction(second), end=Fraction(second + 1))
        pixels = (np.zeros((2, 2, 3), np.uint8),)
        sampled = Sampled(span=span, pixels=pixels, arrived=float(second))
        self.camera.hear(sampled)
        return sampled

    def alive(self, frames: int = 0, decoding_seconds: float = 0, **more: int) -> None:
        counts = Counts(frames=frames, **more)
        self.camera.hear(
            Alive(counts=counts, clock="ntp", time=None, decoding_seconds=decoding_seconds)
        )

    def fail(self, error: SourceError | None = UNREACHABLE, **counts: int) -> None:
        self.camera.hear(Gone(error=error, counts=Counts(**counts)))

    def told(self, kind: type) -> list[Any]:
        return [item for item in self.items if isinstance(item, kind)]

    def states(self) -> list[str]:
        return [status.state for status in self.told(Status)]

    def seconds_left(self) -> float:
        assert self.camera.deadline is not None
        return self.camera.deadline - self.now


def running() -> World:
    world = World()
    world.begin()
    return world


def test_it_connects_and_runs() -> None:
    world = World()
    assert len(world.processes) == 1
    assert world.states() == ["connecting"]
    world.begin()
    sample = world.sample(1000)
    begun = SegmentBegun(number=1, cause="connected", info=INFO)
    assert world.items[1:] == [world.told(Status)[1], begun, sample]
    assert world.told(Status)[1] == Status(
        source="gate", state="running", cause=None, time=Fraction(4_000_401, 4), segment=1
    )


def test_waits_double_up_to_the_cap_and_each_is_a_process_of_its_own() -> None:
    world = World()
    waits = []
    for _ in range(7):
        world.fail()
        waits.append(world.seconds_left())
        world.wait(waits[-1] - 0.1)
        assert world.camera.process is None
        world.wait(0.1)
        assert world.camera.process is not None
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert len(world.processes) == 8
    assert all(process.is_killed for process in world.processes[:-1])
    assert set(world.states()) == {"connecting", "reconnecting"}
    assert world.told(Status)[1].cause == "gate: nobody answers there."
    assert world.camera.vitals.reconnects == 0


def test_a_connection_that_lasts_begins_the_count_anew() -> None:
    world = World()
    for _ in range(3):
        world.fail()
        world.wait(world.seconds_left())
    world.begin()
    world.now += 9.9
    world.fail()
    assert world.seconds_left() == 8
    world.wait(8)
    world.begin()
    world.now += 10
    world.fail()
    assert world.seconds_left() == 1


def test_a_loss_ends_the_segment_and_the_next_connection_begins_another() -> None:
    world = running()
    world.sample(1007)
    world.fail(frames=8)
    world.wait(1)
    assert world.processes[1].spec.not_before == 1007
    world.begin(start=1010)
    segments = [item for item in world.items if isinstance(item, SegmentBegun | SegmentEnded)]
    assert [(type(item), item.number) for item in segments] == [
        (SegmentBegun, 1), (SegmentEnded, 1), (SegmentBegun, 2),
    ]  # fmt: skip
    assert world.told(SegmentBegun)[1].cause == "reconnected"
    assert world.camera.vitals.reconnects == 1
    assert world.told(Status)[-1].state == "running"


@pytest.mark.parametrize("cause", ["clock_reset", "loop"])
def test_a_segment_within_a_connection(cause: SegmentCause) -> None:
    world = running()
    world.begin(cause, start=1010)
    assert [item.number for item in world.told(SegmentEnded)] == [1]
    assert [item.cause for item in world.told(SegmentBegun)] == ["connected", cause]
    assert world.states() == ["connecting", "running"]
    assert world.camera.vitals.reconnects == 0


def test_silence_is_a_stall_and_costs_the_process_its_life() -> None:
    world = running()
    world.now += 15
    world.alive()
    world.wait(20)
    assert world.camera.state == "running"
    world.wait(1.5)
    assert world.camera.state == "stalled"
    assert world.processes[0].is_killed
    assert world.told(Status)[-1].cause == "gate: nothing came for 20 seconds."
    assert world.camera.vitals.stalls == 1
    world.wait(1)
    assert world.camera.state == "connecting"


def test_a_process_that_notices_the_silence_itself_stalls_as_well() -> None:
    world = running()
    world.fail(StreamTimedOut("gate: nothing came."))
    assert (world.camera.state, world.camera.vitals.stalls) == ("stalled", 1)


def test_silence_while_connecting_is_no_stall() -> None:
    world = World()
    world.wait(31.4)
    world.alive()
    assert world.camera.state == "connecting"
    world.wait(0.1)
    assert (world.camera.state, world.camera.vitals.stalls) == ("reconnecting", 0)
    assert "no picture came within 31.5 seconds" in world.told(Status)[-1].cause


def test_a_decoder_that_hangs_is_ended_though_packets_arrive() -> None:
    world = running()
    for seconds in (5, 15, 20):
        world.wait(5)
        world.alive(decoding_seconds=seconds)
    assert world.camera.state == "running"
    world.alive(decoding_seconds=20.5)
    assert world.camera.state == "reconnecting"
    assert world.processes[0].is_killed
    assert "at one picture for 20 seconds" in world.told(Status)[-1].cause


def test_a_process_that_dies_without_a_word_is_replaced() -> None:
    world = running()
    world.camera.died("by SIGSEGV")
    assert world.camera.state == "reconnecting"
    assert world.told(Status)[-1].cause == "gate: the process that read it was ended by SIGSEGV."
    world.wait(1)
    assert len(world.processes) == 2


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (StreamUnauthorized("gate: no."), "auth_failed"),
        (SourceNotFound("gate: nothing."), "not_found"),
    ],
)
def test_what_a_person_has_to_mend_is_asked_for_seldom(error: SourceError, state: str) -> None:
    world = World()
    for _ in range(3):
        world.fail(error)
        assert (world.camera.state, world.seconds_left()) == (state, 30)
        world.wait(30)


def test_a_change_of_format_reconnects_at_once_but_once_in_a_row() -> None:
    world = running()
    change = FormatChanged("gate: it is larger.")
    world.fail(change)
    assert (world.camera.state, world.seconds_left()) == ("reconnecting", 0)
    for wait in (1, 2):
        world.wait(world.seconds_left())
        world.begin()
        world.fail(change)
        assert world.seconds_left() == wait
    world.wait(2)
    world.begin()
    world.now += 10
    world.fail(change)
    assert world.seconds_left() == 0


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries_may_be_bounded(retries: int) -> None:
    world = World(max_retries=retries)
    for _ in range(retries):
        world.fail()
        world.wait(world.seconds_left())
    world.fail(NotAVideo("gate: no video."), decode_errors=4)
    assert (world.camera.state, world.camera.deadline) == ("ended", None)
    assert world.told(Status)[-1].cause == f"gate: no video. Retries in a row: {retries}."
    (ended,) = world.told(CameraEnded)
    assert isinstance(ended.error, NotAVideo)
    assert (ended.summary.reason, ended.summary.error) == ("failed", "gate: no video.")
    assert ended.summary.decode_errors == 4


def test_a_file_that_is_over_ends_it_and_a_camera_that_hangs_up_does_not() -> None:
    world = World(replace(SPEC, access=Access(address="file:a.mp4", name="gate"), is_paced=True))
    world.begin()
    world.fail(None, frames=7)
    assert world.states() == ["connecting", "running", "ended"]
    assert world.told(CameraEnded)[0].summary.reason == "completed"
    assert world.told(CameraEnded)[0].summary.frames == 7
    live = running()
    live.fail(None)
    assert live.camera.state == "reconnecting"


def test_counts_of_all_connections_add_up() -> None:
    world = running()
    world.alive(frames=5, decode_errors=1)
    world.camera.died("by SIGKILL")
    world.wait(1)
    world.begin()
    world.alive(frames=2)
    assert world.camera.vitals.counts == Counts(frames=7, decode_errors=1)
    world.fail(frames=3, skipped=2, overrun=4)
    assert world.camera.vitals.counts == Counts(frames=8, decode_errors=1, skipped=2, overrun=4)


def test_vitals_tell_rate_and_silence() -> None:
    world = running()
    for second in range(5):
        world.alive(frames=25 * second)
        world.now += 1
    assert world.camera.vitals.capture_fps == 25
    assert world.camera.vitals.silent_seconds == 1
    assert World().camera.vitals.silent_seconds is None


def test_a_stop_ends_it_in_order() -> None:
    world = running()
    world.camera.stop()
    assert world.processes[0].sent == [Stop()]
    assert world.camera.state == "running"
    world.sample(1001)
    world.fail(None, frames=2)
    assert world.camera.state == "ended"
    (ended,) = world.told(CameraEnded)
    assert (ended.summary.reason, ended.summary.frames, ended.error) == ("interrupted", 2, None)
    assert world.items.index(ended) == len(world.items) - 1
    assert len(world.told(SegmentEnded)) == 1


def test_a_process_that_does_not_stop_is_killed() -> None:
    world = running()
    world.camera.stop()
    world.wait(1.9)
    world.alive()
    assert not world.processes[0].is_killed
    world.wait(0.1)
    assert world.processes[0].is_killed
    assert world.told(CameraEnded)[0].summary.reason == "interrupted"


@pytest.mark.parametrize("end", [lambda camera: camera.stop(), lambda camera: camera.kill()])
def test_a_camera_that_waits_ends_at_once_and_only_once(end: Callable[[Any], None]) -> None:
    world = World()
    world.fail()
    end(world.camera)
    end(world.camera)
    assert world.camera.state == "ended"
    assert len(world.told(CameraEnded)) == 1
    world.wait(1000)
    assert len(world.processes) == 1


def test_commands_reach_the_process_or_are_answered() -> None:
    world = running()
    keep = KeepClip(event_id="a", since=Fraction(1), path="a", max_seconds=Fraction(60))
    thumbnail = KeepThumbnail(event_id="a", time=Fraction(1), path="a")
    end = EndClip(event_id="a", until=Fraction(2))
    world.camera.send(keep)
    assert world.processes[0].sent == [keep]
    world.fail()
    for command in (keep, thumbnail, end):
        world.camera.send(command)
    assert [item.event_id for item in world.told(NotKept)] == ["a", "a"]


def test_evidence_is_handed_on() -> None:
    world = running()
    evidence = Evidence(
        source="gate", event_id="a", kind="clip", path="a.mp4", nbytes=7, is_whole=True,
        span=TimeSpan(start=Fraction(1), end=Fraction(2)),
    )  # fmt: skip
    world.camera.hear(Kept(evidence=evidence))
    world.camera.hear(NotKept(event_id="b", cause="no."))
    assert world.items[-2:] == [evidence, NotKept(event_id="b", cause="no.")]


def test_a_machine_without_room_for_a_process_is_tried_again() -> None:
    world = World()
    world.fail()
    world.launch_error = OSError(24, "Too many open files")
    world.wait(1)
    assert world.told(Status)[-1].cause == (
        "gate: no process could be started: Too many open files."
    )
    world.launch_error = None
    world.wait(2)
    assert world.camera.process is not None


KEEP = KeepClip(event_id="a", since=Fraction(1000), path="a", max_seconds=Fraction(60))
LAST_CLIP = Evidence(
    source="gate", event_id="a", kind="clip", path="a.mp4", nbytes=9, is_whole=False,
    span=TimeSpan(start=Fraction(1000), end=Fraction(1002)),
)  # fmt: skip
FILMED = replace(SPEC, ring_seconds=Fraction(10))


def lost(spec: CaptureSpec = FILMED, error: SourceError | None = UNREACHABLE) -> World:
    """A camera with evidence, whose stream is over."""
    world = World(spec)
    world.begin()
    world.fail(error)
    return world


def test_a_lost_stream_leaves_its_process_to_keep_the_last_events() -> None:
    world = lost()
    assert world.states()[-1] == "reconnecting"
    world.camera.send(KEEP)
    world.camera.hear_leaving(Kept(evidence=LAST_CLIP))
    world.camera.hear_leaving(NotKept(event_id="b", cause="no."))
    assert world.items[-2:] == [LAST_CLIP, NotKept(event_id="b", cause="no.")]
    assert (world.processes[0].sent, world.processes[0].is_killed) == ([KEEP], False)
    world.camera.left()
    assert world.camera.leaving is None
    world.camera.send(KEEP)
    assert world.told(NotKept)[-1].event_id == "a"


def test_until_new_pictures_come_the_old_process_has_the_last() -> None:
    world = lost()
    world.wait(world.seconds_left())
    world.camera.send(KEEP)
    world.begin()
    world.camera.send(KEEP)
    assert [process.sent for process in world.processes] == [[KEEP], [KEEP]]


def test_a_process_that_does_not_leave_is_killed() -> None:
    world = lost()
    assert world.camera.next_tick == world.now + 1  # the next attempt
    world.wait(1)
    assert world.camera.next_tick == world.now + 1  # two seconds from when its stream was over
    assert not world.processes[0].is_killed
    world.wait(1)
    assert [process.is_killed for process in world.processes] == [True, False]


def test_one_process_leaves_at_a_time() -> None:
    world = lost()
    world.wait(1)
    world.fail()
    assert [process.is_killed for process in world.processes] == [True, False]
    assert world.camera.leaving is world.processes[1]


def test_a_camera_ends_once_its_last_process_has_left() -> None:
    file = replace(FILMED, access=replace(SPEC.access, is_live=False))
    world = lost(file, error=None)
    world.camera.send(KEEP)
    world.camera.hear_leaving(Kept(evidence=LAST_CLIP))
    assert "ended" not in world.states()
    world.camera.left()
    assert world.states()[-1] == "ended"
    assert [type(item) for item in world.items[-3:]] == [Evidence, Status, CameraEnded]
    assert world.camera.next_tick is None


def test_a_stopped_camera_keeps_its_last_events_too() -> None:
    world = World(FILMED)
    world.begin()
    world.camera.stop()
    world.fail(None)
    world.camera.send(KEEP)
    assert world.processes[0].sent == [Stop(), KEEP]
    world.wait(2)
    assert world.told(CameraEnded)[0].summary.reason == "interrupted"


def test_a_kill_waits_for_nobody() -> None:
    world = lost()
    world.wait(1)
    world.begin()
    world.camera.kill()
    assert [process.is_killed for process in world.processes] == [True, True]
    assert world.states()[-1] == "ended"
    over = lost(error=None, spec=replace(FILMED, access=replace(SPEC.access, is_live=False)))
    over.camera.kill()
    assert len(over.told(CameraEnded)) == 1


def test_previews_go_past_the_analysis_and_are_asked_of_the_process_at_hand() -> None:
    world = World()
    world.begin()
    told = len(world.items)
    world.camera.send(ShowPreviews(seconds=5))
    assert world.processes[0].sent == [ShowPreviews(seconds=5)]
    preview = Preview(time=Fraction(1000), jpeg=b"jpeg")
    world.camera.hear(preview)
    assert world.previews == [preview]
    assert len(world.items) == told


def test_nobody_is_asked_for_previews_while_there_is_no_process() -> None:
    world = World()
    world.camera.lose(UNREACHABLE)
    told = len(world.items)
    world.camera.send(ShowPreviews(seconds=5))
    assert len(world.items) == told
    assert world.processes[0].sent == []
