"""The pictures of labelled windows, decoded once more, file by file.

for number, pictures in window_pictures(windows, sampling=sampling, prepare=prepare): ...
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghoststream.errors import DataError
from ghoststream.runners.local import ahead
from ghoststream.sources.file import FileSource, shown
from ghoststream.types import Pixels, Sample, Sampling
from ghoststream.video.sample import Prepare

Times = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedWindow:
    """Frames of a file, by their times in seconds on its own clock."""

    path: Path
    times: Times


def window_pictures(
    windows: Sequence[TimedWindow], *, sampling: Sampling, prepare: Prepare
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Decodes each file once, and holds the windows that are under way.

    Args:
        windows: of any files.
        sampling: by which their frames were picked.
        prepare: makes of a frame what is kept of it.

    Returns:
        Number of a window and its pictures, T x S x S x 3, file by file.

    Raises:
        DataError: a file is another one than when the times were taken.
        SourceError: a file cannot be read.
    """
    by_path: dict[Path, dict[int, Times]] = {}
    for number, window in enumerate(windows):
        by_path.setdefault(window.path, {})[number] = window.times
    for path, wanted in by_path.items():
        source = FileSource(path=path)
        with source.open() as stream, ahead(stream, stream.samples(sampling, prepare)) as samples:
            yield from _filled(path, wanted, samples)


def _filled(
    path: Path, wanted: Mapping[int, Times], samples: Iterable[Sample]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    numbers: dict[Fraction, list[int]] = {}
    for number, times in wanted.items():
        for time in times:
            numbers.setdefault(time, []).append(number)
    held: dict[int, list[Pixels]] = {number: [] for number in wanted}
    for sample in samples:
        for number in numbers.get(sample.span.start, ()):
            held[number].append(sample.pixels)
            if len(held[number]) == len(wanted[number]):
                yield number, np.stack(held.pop(number))
    if held:
        raise DataError(f"{shown(path)} has changed since it was embedded; run again")
