"""Events become commands for capture processes; what they write is named, counted and pruned."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from captures import INFO
from clips import noise, write_clip
from live_packets import live

from ghoststream.errors import ConfigError, OutputError
from ghoststream.runners.live.evidence.files import adopt_partials, prune, stem_for
from ghoststream.runners.live.evidence.sink import EvidenceRules, EvidenceSink
from ghoststream.runners.live.messages import EndClip, KeepClip, KeepThumbnail, ToCapture
from ghoststream.types import (
    Event,
    EventState,
    Evidence,
    Header,
    ModelInfo,
    Prediction,
    TimeSpan,
)
from ghoststream.video.recording import Recording

NOON = 1_800_000_000
"""2027-01-15 08:00:00 UTC."""
DAY = 86400
RULES = EvidenceRules(pre_roll_seconds=Fraction(4), post_roll_seconds=Fraction(3))

STATE = EventState(
    id="1800000000.500000-898d0c",
    label="tabby cat",
    label_id=281,
    score=0.5,
    top_score=0.75,
    start_time=NOON + Fraction(1, 2),
    end_time=None,
    frame_time=NOON + Fraction(5, 2),
)
ENDED = replace(STATE, end_time=NOON + Fraction(9), frame_time=NOON + Fraction(9))
NEW = Event(type="new", before=None, after=STATE)
END = Event(type="end", before=STATE, after=ENDED)

HEADER = Header(
    source="door",
    stream=replace(INFO, start_time=Fraction(NOON), clock="ntp"),
    model=ModelInfo(name="ghostnet_100", weights="bundled", sha256="ab", runtime="test"),
    configuration={},
    configuration_sha256="cd",
    segment=1,
    segment_cause="connected",
)


class Wall:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.seconds = float(NOON)

    def __call__(self) -> float:
        return self.seconds


class Sent(list[tuple[str, ToCapture]]):
    """What went to which camera."""

    def __call__(self, camera: str, command: ToCapture) -> None:
        self.append((camera, command))


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def sent() -> Sent:
    return Sent()


def opened(folder: Path, sent: Sent, wall: Wall, rules: EvidenceRules = RULES) -> EvidenceSink:
    return EvidenceSink(folder, rules=rules, send=sent, clock=wall)


def put(folder: Path, name: str, *, nbytes: int = 1000, changed: float = NOON) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * nbytes)
    os.utime(path, (changed, changed))
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def kept(path: str, *, kind: str = "clip", nbytes: int = 1000) -> Evidence:
    return Evidence(
        source="door",
        event_id=STATE.id,
        kind="thumbnail" if kind == "thumbnail" else "clip",
        path=path,
        span=TimeSpan(start=Fraction(NOON), end=NOON + Fraction(12)),
        nbytes=nbytes,
        is_whole=True,
    )


def test_an_event_becomes_commands(tmp_path: Path, sent: Sent, wall: Wall) -> None:
    sink = opened(tmp_path, sent, wall)
    sink.write(Prediction(span=TimeSpan(start=Fraction(0), end=Fraction(1)), labels=()), HEADER)
    sink.write(NEW, HEADER)
    sink.write(Event(type="update", before=STATE, after=STATE), HEADER)
    sink.write(END, HEADER)
    sink.close()
    path = str(tmp_path / "door" / "2027-01-15" / "080000.500-tabby_cat-898d0c")
    assert sent == [
        (
            "door",
            KeepClip(
                event_id=STATE.id,
                since=NOON - Fraction(7, 2),
                path=path,
                max_seconds=Fraction(60),
            ),
        ),
        (
            "door",
            KeepThumbnail(event_id=STATE.id, time=NOON + Fraction(3, 2), path=path + ".jpg"),
        ),
        ("door", EndClip(event_id=STATE.id, until=NOON + Fraction(12))),
    ]


@pytest.mark.parametrize("camera", ["door", "door-2_b.c", "7"])
def test_safe_names_of_cameras_stay_as_they_are(camera: str) -> None:
    assert stem_for(camera, None, STATE).parts[0] == camera


@pytest.mark.parametrize(
    ("camera", "readable"),
    [
        ("Door", "Door"),
        ("a/b", "a_b"),
        ("..", "_"),
        ("../../etc", "_.._etc"),
        ("a\nb", "a_b"),
        ("", "_"),
        (".hidden", "hidden"),
        ("rtsp://10.0.0.7/stream?x=1", "rtsp_10.0.0.7_stream_x_1"),
        ("Tür", "T_r"),
        ("x" * 500, "x" * 48),
        ("odd bytes \udcff", "odd_bytes_"),
    ],
)
def test_other_names_of_cameras_become_safe(camera: str, readable: str) -> None:
    stem = stem_for(camera, None, STATE)
    assert re.fullmatch(re.escape(readable) + "-[0-9a-f]{8}", stem.parts[0])
    assert len(stem.parts) == 3


def test_names_of_cameras_stay_apart() -> None:
    names = ["door", "Door", "DOOR", "do/or", "do:or", "do_or", "x" * 500, "x" * 501, "..", "."]
    directories = {stem_for(name, None, STATE).parts[0].lower() for name in names}
    assert len(directories) == len(names)


def test_region_and_label_are_part_of_the_name() -> None:
    state = replace(STATE, label="../Crane & hook")
    stem = stem_for("door", "left/gate", state)
    assert str(stem) == "door/2027-01-15/080000.500-left_gate-_Crane_hook-898d0c"
    longest = stem_for("x" * 999, "y" * 999, replace(STATE, label="z" * 999))
    assert max(len(part) for part in longest.parts) <= 200


def test_names_sort_by_time_and_round_down() -> None:
    state = replace(STATE, start_time=NOON + Fraction(9999, 10000))
    assert stem_for("door", None, state).name == "080000.999-tabby_cat-898d0c"


def test_sidecar_tells_what_the_files_show(tmp_path: Path, sent: Sent, wall: Wall) -> None:
    sink = opened(tmp_path, sent, wall)
    sink.write(NEW, HEADER)
    sink.evidence(kept("t.jpg", kind="thumbnail"))
    sink.write(END, HEADER)
    sink.evidence(kept("c.mp4"))
    sink.close()
    sidecar = tmp_path / "door" / "2027-01-15" / "080000.500-tabby_cat-898d0c.jsonl"
    header, event, thumbnail, clip = map(json.loads, sidecar.read_text().splitlines())
    assert (header["clock"], header["model"]["sha256"]) == ("ntp", "ab")
    assert (event["type"], event["after"]["end_time"]) == ("end", NOON + 9)
    assert (thumbnail["path"], clip["path"], clip["end"]) == ("t.jpg", "c.mp4", NOON + 12)


def test_a_clip_that_ended_before_its_event(tmp_path: Path, sent: Sent, wall: Wall) -> None:
    sink = opened(tmp_path, sent, wall)
    sink.write(NEW, HEADER)
    sink.evidence(kept("c.mp4"))
    sink.write(END, HEADER)
    sink.close()
    (sidecar,) = tmp_path.rglob("*.jsonl")
    assert '"type":"end"' in sidecar.read_text()


def test_a_sidecar_that_cannot_be_written_ends_nothing(
    tmp_path: Path, sent: Sent, wall: Wall
) -> None:
    sink = opened(tmp_path, sent, wall)
    (tmp_path / "door").write_text("in the way")
    sink.write(NEW, HEADER)
    sink.evidence(kept("c.mp4"))
    assert sink.counts.unwritten_sidecars == 1
    sink.close()


def names_of(folder: Path, count: int) -> Sequence[str]:
    """One event a day, oldest first, with a clip and a thumbnail."""
    for index in range(count):
        put(folder, f"door/2027-01-{index + 1:02}/080000.000-cat-00000{index}.mp4", nbytes=900)
        put(folder, f"door/2027-01-{index + 1:02}/080000.000-cat-00000{index}.jpg", nbytes=100)
    return files(folder)


def test_prune_obeys_the_age(tmp_path: Path) -> None:
    names_of(tmp_path, 15)
    pruned = prune(tmp_path, max_bytes=10**9, max_age_seconds=3.5 * DAY, now=NOON)
    assert (pruned.files, pruned.nbytes, pruned.remaining_bytes) == (22, 11_000, 4000)
    assert sorted({name[5:15] for name in files(tmp_path)}) == [
        "2027-01-12",
        "2027-01-13",
        "2027-01-14",
        "2027-01-15",
    ]
    assert not (tmp_path / "door" / "2027-01-11").exists()


def test_prune_obeys_the_budget_oldest_first_over_all_cameras(tmp_path: Path) -> None:
    old = put(tmp_path, "b/2027-01-13/235959.999-cat-aaaaaa.mp4")
    new = put(tmp_path, "a/2027-01-14/000000.000-cat-bbbbbb.mp4")
    newest = put(tmp_path, "a/2027-01-14/000000.001-cat-cccccc.mkv")
    pruned = prune(tmp_path, max_bytes=2000, max_age_seconds=99 * DAY, now=NOON)
    assert (pruned.files, pruned.nbytes, pruned.remaining_bytes) == (1, 1000, 2000)
    assert [path.exists() for path in (old, new, newest)] == [False, True, True]


def test_prune_leaves_what_is_being_written_and_what_is_not_ours(tmp_path: Path) -> None:
    put(tmp_path, "door/2027-01-01/080000.000-cat-aaaaaa.partial.mp4")
    put(tmp_path, "door/2027-01-01/080000.000-cat-aaaaaa.txt")
    put(tmp_path, "door/2027-01-01/holiday.mp4")
    put(tmp_path, "door/2027-13-01/080000.000-cat-aaaaaa.mp4")
    put(tmp_path, "door/080000.000-cat-aaaaaa.mp4")
    put(tmp_path, "thesis.jpg")
    outside = put(tmp_path.parent / "outside", "2027-01-01/080000.000-cat-aaaaaa.mp4")
    (tmp_path / "link").symlink_to(outside.parent.parent)
    before = files(tmp_path)
    pruned = prune(tmp_path, max_bytes=0, max_age_seconds=0, now=NOON + DAY)
    assert (pruned.files, pruned.remaining_bytes) == (0, 1000)
    assert files(tmp_path) == before
    assert outside.exists()


def test_prune_keeps_new_directories_that_are_still_empty(tmp_path: Path) -> None:
    (tmp_path / "door" / "2027-01-15").mkdir(parents=True)
    (tmp_path / "door" / "2027-01-12").mkdir()
    prune(tmp_path, max_bytes=0, max_age_seconds=0, now=NOON)
    assert [path.name for path in (tmp_path / "door").iterdir()] == ["2027-01-15"]


def test_prune_counts_what_it_may_not_delete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(self)

    put(tmp_path, "door/2027-01-01/080000.000-cat-aaaaaa.mp4")
    monkeypatch.setattr(Path, "unlink", refuse)
    pruned = prune(tmp_path, max_bytes=0, max_age_seconds=0, now=NOON)
    assert (pruned.files, pruned.undeletable, pruned.remaining_bytes) == (0, 1, 1000)


def broken_clip(folder: Path) -> Path:
    """As a killed process leaves it, in the middle of a fragment."""
    path = folder / "door" / "2027-01-15" / "080000.000-cat-aaaaaa.partial.mp4"
    path.parent.mkdir(parents=True)
    video = write_clip(folder.parent / "camera.mp4", frames=60, gop=25, picture=noise)
    with live(video) as (stream, packets):
        recording = Recording(path, stream)
        for packet in packets:
            recording.add(packet)
        written = path.read_bytes()
        recording.discard()
    path.write_bytes(written[:-100])
    return path


def test_partial_clips_that_play_are_adopted(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    broken_clip(folder)
    put(folder, "door/2027-01-15/080000.000-cat-bbbbbb.partial.mp4", nbytes=0)
    put(folder, "door/2027-01-15/080000.000-cat-cccccc.partial.mp4")
    put(folder, "door/2027-01-15/080000.000-cat-dddddd.partial.jpg")
    assert adopt_partials(folder, now=NOON) == 1
    assert files(folder) == ["door/2027-01-15/080000.000-cat-aaaaaa.mp4"]


def test_partial_files_that_still_grow_are_left_alone(tmp_path: Path) -> None:
    path = put(tmp_path, "door/2027-01-15/080000.000-cat-aaaaaa.partial.mp4", changed=NOON - 10)
    assert adopt_partials(tmp_path, now=NOON, idle_seconds=3600) == 0
    assert path.exists()
    assert adopt_partials(tmp_path, now=NOON + 3600, idle_seconds=3600) == 0
    assert not path.exists()


def test_looks_after_files_at_the_start_and_now_and_then(
    tmp_path: Path, sent: Sent, wall: Wall
) -> None:
    folder = tmp_path / "evidence"
    broken_clip(folder)
    put(folder, "door/2026-12-01/080000.000-cat-aaaaaa.mp4")
    sink = opened(folder, sent, wall)
    assert (sink.counts.adopted_clips, sink.counts.deleted_files) == (1, 1)
    put(folder, "door/2026-12-02/080000.000-cat-aaaaaa.mp4")
    sink.tick()
    assert sink.counts.deleted_files == 1
    wall.seconds += 61
    sink.tick()
    assert (sink.counts.deleted_files, sink.counts.deleted_bytes) == (2, 2000)
    sink.close()


def test_a_new_file_beyond_the_budget_makes_room_at_once(
    tmp_path: Path, sent: Sent, wall: Wall
) -> None:
    sink = opened(tmp_path, sent, wall, replace(RULES, max_bytes=2500))
    for index in range(3):
        path = put(tmp_path, f"door/2027-01-15/08000{index}.000-cat-00000{index}.mp4")
        sink.evidence(kept(str(path)))
        sink.tick()
    assert [name[-10:] for name in files(tmp_path) if name != ".lock"] == [
        "000001.mp4",
        "000002.mp4",
    ]
    sink.close()


def test_one_run_a_directory(tmp_path: Path, sent: Sent, wall: Wall) -> None:
    sink = opened(tmp_path, sent, wall)
    with pytest.raises(ConfigError, match="another run keeps its evidence"):
        opened(tmp_path, sent, wall)
    sink.close()
    opened(tmp_path, sent, wall).close()


def test_a_directory_that_cannot_be_made(tmp_path: Path, sent: Sent, wall: Wall) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="a part of the path is a file"):
        opened(tmp_path / "file" / "evidence", sent, wall)
