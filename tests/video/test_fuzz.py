"""Mutated files: whatever comes in, the reader ends in time and says so with one of our errors.

Files are read in child processes, because what is feared is a crash, a hang or a full memory.
"""

import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from clips import noise, write_clip

from ghoststream.errors import GhostStreamError
from ghoststream.video.decode import open_file
from ghoststream.video.pictures import PictureSequence

MUTANTS_PER_CLIP = 100
SECONDS_PER_FILE = 20
SECONDS_PER_BATCH = 240
MAX_RESIDENT_BYTES = 1 << 30
MAX_ADDRESS_BYTES = 4 << 30

CLIPS = [
    ("libx264", "mp4", "yuv420p"),
    ("libx264", "mkv", "yuv420p"),
    ("libx264", "ts", "yuv420p"),
    ("libx264", "flv", "yuv420p"),
    ("libx264", "h264", "yuv420p"),
    ("libx265", "mp4", "yuv420p10le"),
    ("libx265", "mkv", "yuv420p"),
    ("libvpx-vp9", "webm", "yuv420p"),
    ("libsvtav1", "mp4", "yuv420p"),
    ("mpeg4", "avi", "yuv420p"),
    ("mjpeg", "avi", "yuvj420p"),
    ("ffv1", "mkv", "yuv420p"),
    ("mpeg2video", "mpg", "yuv420p"),
    ("png", "mov", "rgb24"),
]

Mutation = Callable[[random.Random, bytes], bytes]


def flip_bits(dice: random.Random, data: bytes) -> bytes:
    mutant = bytearray(data)
    for _ in range(dice.choice([1, 8, 64, 512])):
        mutant[dice.randrange(len(mutant))] ^= 1 << dice.randrange(8)
    return bytes(mutant)


def flip_header(dice: random.Random, data: bytes) -> bytes:
    """Where sizes and counts stand: the first and the last bytes (MP4 has its index there)."""
    mutant = bytearray(data)
    for _ in range(dice.choice([1, 4, 16])):
        place = dice.randrange(min(1024, len(mutant)))
        mutant[dice.choice([place, len(mutant) - 1 - place])] = dice.choice([0, 255, 127, 128])
    return bytes(mutant)


def cut_off(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randrange(1, len(data))]


def splice_garbage(dice: random.Random, data: bytes) -> bytes:
    place, length = dice.randrange(len(data)), dice.choice([1, 16, 1000, 20_000])
    return data[:place] + dice.randbytes(length) + data[place + dice.choice([0, length]) :]


def repeat_part(dice: random.Random, data: bytes) -> bytes:
    start = dice.randrange(len(data))
    part = data[start : start + dice.choice([100, 5000])]
    return data[:start] + part * dice.choice([2, 50]) + data[start:]


MUTATIONS: list[Mutation] = [flip_bits, flip_header, cut_off, splice_garbage, repeat_part]


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "container", "pix_fmt"), CLIPS)
def test_mutated_files(tmp_path: Path, codec: str, container: str, pix_fmt: str) -> None:
    clip = write_clip(
        tmp_path / f"clip.{container}",
        codec=codec,
        pix_fmt=pix_fmt,
        frames=24,
        gop=8,
        picture=noise,
        sound=container in ("mp4", "mkv", "ts"),
    )
    data = clip.read_bytes()
    mutants = []
    for seed in range(MUTANTS_PER_CLIP):
        dice = random.Random(f"{codec} {container} {seed}")
        mutant = tmp_path / f"mutant{seed:03}.{container}"
        mutant.write_bytes(MUTATIONS[seed % len(MUTATIONS)](dice, data))
        mutants.append(mutant)
    assert_survives(mutants)


def assert_survives(files: list[Path]) -> None:
    child = subprocess.run(
        [sys.executable, __file__, *map(str, files)],
        capture_output=True,
        text=True,
        timeout=SECONDS_PER_BATCH,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    report = f"exit {child.returncode}, after:\n{child.stdout[-500:]}\n{child.stderr[-2000:]}"
    assert child.returncode == 0, report
    assert child.stdout.count("read ") == len(files), report


def read_all(paths: list[Path]) -> None:
    """The child: reads every file, and fails on anything but our own errors."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_BYTES, MAX_ADDRESS_BYTES))
    for path in paths:
        print("trying", path, flush=True)  # noqa: T201 - tells the parent where it ended
        start = time.monotonic()
        outcome = read(path)
        seconds = time.monotonic() - start
        resident = peak_resident_bytes()
        print(f"read {outcome} in {seconds:.1f} s, {resident >> 20} MiB", flush=True)  # noqa: T201
        assert seconds < SECONDS_PER_FILE, path
        assert resident < MAX_RESIDENT_BYTES, path


def peak_resident_bytes() -> int:
    """Not getrusage's: its peak counts from the fork, when the child was a copy of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def read(path: Path) -> str:
    is_picture = path.suffix in (".png", ".jpg")
    try:
        with PictureSequence([path], name=path.name) if is_picture else open_file(path) as video:
            assert video.info.clock in ("pts", "rate")
            for index, frame in enumerate(video.frames()):
                if index % 8 == 0:
                    frame.rgb((32, 32))
            return str(video.counts)
    except GhostStreamError as error:
        return type(error).__name__


if __name__ == "__main__":
    read_all([Path(argument) for argument in sys.argv[1:]])
