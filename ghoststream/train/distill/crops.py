"""Batches to learn from: random crops of the pool's pictures, mirrored, brightened and mixed.

for batch in batches(pool, Drawing(seed=0, pictures=1000, batch=64, size=160, teacher_size=192)):
    batch.student, batch.teacher  # N x 160 x 160 x 3, N x 192 x 192 x 3

What a batch holds depends on the seed and on its number alone, so that whoever goes on at batch
700 sees what he would have seen without a break.
"""

import math
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

import cv2
import numpy as np
from numpy.typing import NDArray

from ghoststream.train.distill.pool import PicturePool
from ghoststream.types import Pixels

AREAS = (0.3, 1.0)
"""Of a crop, as shares of the picture's."""
LOG_RATIO = 0.28
"""Of a crop's sides, at most: 4 to 3, or 3 to 4."""
GAINS, OFFSETS = (0.75, 1.25), (-20.0, 20.0)
"""Of the brightness, in half of the crops; offsets of pixel values 0 to 255."""
MIXING = 0.8
"""Both parameters of the beta distribution of shares, in half of the batches (arXiv 1710.09412)."""
AHEAD = 3
"""Batches for each thread that may wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What decides the batches."""

    seed: int
    pictures: int
    """The first so many of the pool are drawn from."""
    batch: int
    size: int
    """Side for the student, in pixels."""
    teacher_size: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """The same N crops for both."""

    student: NDArray[np.uint8]
    """N x S x S x 3."""
    teacher: NDArray[np.uint8]
    """N x T x T x 3."""
    luck: NDArray[np.float32]
    """N numbers in 0 to 1; those below the probability of forcing are forced."""


def batches(
    pool: PicturePool, drawing: Drawing, *, start: int = 0, threads: int = 1
) -> Generator[Batch, None, None]:
    """Batches number `start` and on, without end, made ready ahead by threads of their own."""
    with ThreadPoolExecutor(threads, thread_name_prefix="crops") as workers:
        waiting: deque[Future[Batch]] = deque()
        numbers = count(start)
        try:
            while True:
                while len(waiting) < AHEAD * threads:
                    waiting.append(workers.submit(draw_batch, pool, drawing, next(numbers)))
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def draw_batch(pool: PicturePool, drawing: Drawing, number: int) -> Batch:
    """The batch with a number."""
    random = np.random.Generator(np.random.Philox(key=drawing.seed, counter=[0, 0, 0, number]))
    chosen = random.integers(drawing.pictures, size=drawing.batch)
    sides = drawing.size, drawing.teacher_size
    crops = [_crop(pool[int(index)], sides, random) for index in chosen]
    student, teacher = (np.stack(each) for each in zip(*crops, strict=True))
    if random.random() < 0.5:
        share = float(random.beta(MIXING, MIXING))
        student, teacher = _mixed(student, share), _mixed(teacher, share)
    luck = random.random(drawing.batch, dtype=np.float32)
    return Batch(student=student, teacher=teacher, luck=luck)


def square(picture: Pixels, side: int) -> Pixels:
    """The middle of a picture, side x side x 3: what is judged, and never drawn at random."""
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    return _scaled(picture[top : top + edge, left : left + edge], side)


def _crop(picture: Pixels, sides: tuple[int, int], random: np.random.Generator) -> list[Pixels]:
    """One crop, at each of two sizes."""
    height, width = picture.shape[:2]
    area, ratio = random.uniform(*AREAS), math.exp(random.uniform(-LOG_RATIO, LOG_RATIO))
    down = max(1, min(height, round(height * math.sqrt(area * ratio))))
    across = max(1, min(width, round(width * math.sqrt(area / ratio))))
    top, left = random.integers(height - down + 1), random.integers(width - across + 1)
    crop = picture[top : top + down, left : left + across]
    if random.random() < 0.5:
        crop = crop[:, ::-1]
    if random.random() < 0.5:
        levels = np.arange(256) * random.uniform(*GAINS) + random.uniform(*OFFSETS)
        crop = np.clip(levels, 0, 255).astype(np.uint8)[crop]
    return [_scaled(crop, side) for side in sides]


def _scaled(picture: Pixels, side: int) -> Pixels:
    is_reduced = min(picture.shape[:2]) > side
    interpolation = cv2.INTER_AREA if is_reduced else cv2.INTER_CUBIC
    scaled = cv2.resize(np.ascontiguousarray(picture), (side, side), interpolation=interpolation)
    return np.asarray(scaled, dtype=np.uint8)


def _mixed(pictures: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """Each with its opposite in the batch; the teacher answers for the mixture."""
    rows = pictures.reshape(len(pictures), -1)
    mixed = cv2.addWeighted(rows, share, rows[::-1].copy(), 1 - share, 0)
    return np.asarray(mixed, dtype=np.uint8).reshape(pictures.shape)
