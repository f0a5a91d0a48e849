from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from ghoststream.models.preprocessing import Preprocessing
from ghoststream.types import Frame, Pixels


class Painted:
    """A picture in memory that scales itself, and remembers what it was asked for."""

    def __init__(self, image: Image.Image) -> None:
        self.image, self.sizes = image, []
        self.width, self.height = image.size
        self.nbytes = 3 * image.width * image.height

    def rgb(self, size: tuple[int, int] | None = None) -> Pixels:
        self.sizes.append(size)
        return np.asarray(self.image.resize(size or self.image.size, Image.Resampling.BICUBIC))


def frame_of(picture: Painted) -> Frame:
    return Frame(pts=0, time_base=Fraction(1, 25), picture=picture)


@pytest.mark.parametrize(
    ("size", "scaled"),
    [
        ((1920, 1080), (455, 256)),
        ((1080, 1920), (256, 455)),
        ((256, 256), (256, 256)),
        ((64, 48), (341, 256)),
        ((1, 1), (256, 256)),
        ((4096, 256), (4096, 256)),
        ((65535, 16), (4096, 256)),
        ((16, 65535), (256, 4096)),
    ],
)
def test_scales_the_shorter_side_to_256_once_and_crops_224(
    size: tuple[int, int], scaled: tuple[int, int]
) -> None:
    picture = Painted(Image.new("RGB", size))
    pixels = Preprocessing().prepare(frame_of(picture))
    assert picture.sizes == [scaled]
    assert pixels.shape == (224, 224, 3)
    assert pixels.dtype == np.uint8


def test_the_crop_is_the_middle() -> None:
    columns = np.arange(455, dtype=np.uint16)
    pixels = np.zeros((256, 455, 3), np.uint16) + columns[None, :, None]
    crop = Preprocessing().center_crop(pixels)
    # (455 - 224) / 2 = 115.5, rounded to even
    assert (crop[0, 0, 0], crop[0, -1, 0]) == (116, 339)


def test_agrees_with_torchvision() -> None:
    from torchvision.transforms import v2

    gradient = np.random.default_rng(0).integers(0, 256, (90, 161, 3), dtype=np.uint8)
    image = Image.fromarray(gradient)
    reference = v2.Compose([v2.Resize(256, v2.InterpolationMode.BICUBIC), v2.CenterCrop(224)])(
        image
    )
    found = Preprocessing().prepare(frame_of(Painted(image)))
    np.testing.assert_array_equal(found, np.asarray(reference))


def test_as_dict_is_plain() -> None:
    assert Preprocessing().as_dict() == {
        "input_size": 224,
        "crop": 0.875,
        "interpolation": "bicubic",
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"input_size": 16}, "at least 32 pixels, got 16"),
        ({"crop": 0.0}, "got 0.0"),
        ({"crop": 1.2}, "got 1.2"),
        ({"std": (0.2, 0.0, 0.2)}, "std .> 0. must be"),
        ({"interpolation": "nearest"}, "got 'nearest'"),
    ],
)
def test_refuses_what_makes_no_sense(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Preprocessing(**values)
