"""The loop that ours is measured against takes the same frames, and scales as timm does."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import index_of, noise, write_clip
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

from ghoststream.models import Preprocessing
from ghoststream.runners.plain_loop import READERS, scaled


@pytest.mark.parametrize("reader", READERS)
def test_takes_the_first_frame_at_or_past_each_moment(tmp_path: Path, reader: str) -> None:
    video = write_clip(tmp_path / "clip.mp4", frames=50, rate=25)
    taken = [(time, index_of(rgb)) for time, rgb in READERS[reader](video, Fraction(2))]
    assert taken == [(0, 0), (0.52, 13), (1.0, 25), (1.52, 38)]


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (227, 301)])
def test_scales_as_torchvision(size: tuple[int, int]) -> None:
    pixels = noise(1, size)
    theirs = Compose([Resize(256, InterpolationMode.BICUBIC), CenterCrop(224)])
    expected = np.asarray(theirs(Image.fromarray(pixels)))
    assert np.array_equal(scaled(pixels, Preprocessing()), expected)
