from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from ghoststream.models.preprocessing import Preprocessing
from ghoststream.types import Frame, Framing, Interpolation, Pixels, Region


class Painted:
    """A picture in memory that scales itself, and remembers what it was asked for."""

    def __init__(self, image: Image.Image) -> None:
        self.image, self.asked = image, []
        self.width, self.height = image.size
        self.nbytes = 3 * image.width * image.height

    def rgb(
        self,
        size: tuple[int, int] | None = None,
        region: Region | None = None,
        interpolation: Interpolation = "bicubic",
    ) -> Pixels:
        self.asked.append((size, region))
        left, top, right, bottom = region or (0, 0, 1, 1)
        box = left * self.width, top * self.height, right * self.width, bottom * self.height
        resampling = Image.Resampling[interpolation.upper()]
        return np.asarray(self.image.resize(size or self.image.size, resampling, box=box))


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
def test_the_shorter_side_would_be_256(size: tuple[int, int], scaled: tuple[int, int]) -> None:
    assert Preprocessing().scaled_size(*size) == scaled


@pytest.mark.parametrize(
    ("framing", "size", "region"),
    [
        # (455 - 224) / 2 = 115.5, rounded to even
        ("center", (1920, 1080), (116 / 455, 0.0625, 340 / 455, 0.9375)),
        ("center", (1080, 1920), (0.0625, 116 / 455, 0.9375, 340 / 455)),
        ("center", (1, 1), (0.0625, 0.0625, 0.9375, 0.9375)),
        ("squash", (1920, 1080), (0, 0, 1, 1)),
    ],
)
def test_asks_for_what_is_seen_and_no_more(
    framing: Framing, size: tuple[int, int], region: Region
) -> None:
    picture = Painted(Image.new("RGB", size))
    pixels = Preprocessing(framing=framing).prepare(frame_of(picture))
    assert picture.asked == [((224, 224), region)]
    assert pixels.shape == (224, 224, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize(
    ("size", "rows", "columns", "region"),
    [
        ((1920, 1080), (49, 175), (0, 224), (0, -49 / 126, 1, 175 / 126)),
        ((1080, 1920), (0, 224), (49, 175), (-49 / 126, 0, 175 / 126, 1)),
        ((50, 50), (0, 224), (0, 224), (0, 0, 1, 1)),
        ((65535, 16), (112, 113), (0, 224), (0, -112, 1, 112)),
    ],
)
def test_pad_shows_the_whole_picture_amid_the_mean_colour(
    size: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int], region: Region
) -> None:
    preprocessing = Preprocessing(framing="pad")
    pixels = preprocessing.prepare(frame_of(Painted(Image.new("RGB", size, (255, 0, 9)))))
    expected = np.full((224, 224, 3), (124, 116, 104), np.uint8)
    expected[slice(*rows), slice(*columns)] = (255, 0, 9)
    np.testing.assert_array_equal(pixels, expected)
    assert preprocessing.seen_region(*size) == pytest.approx(region)


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_agrees_with_torchvision(interpolation: Interpolation) -> None:
    from torchvision.transforms import v2

    gradient = np.random.default_rng(0).integers(0, 256, (90, 161, 3), dtype=np.uint8)
    image = Image.fromarray(gradient)
    resize = v2.Resize(256, v2.InterpolationMode(interpolation))
    reference = v2.Compose([resize, v2.CenterCrop(224)])(image)
    found = Preprocessing(interpolation=interpolation).prepare(frame_of(Painted(image)))
    # Pillow keeps the edges of a box as 32-bit floats.
    np.testing.assert_allclose(found, np.asarray(reference), atol=1)


def test_pad_scales_as_the_weights_want_it() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 161, 3), dtype=np.uint8)
    found = Preprocessing(framing="pad", interpolation="bilinear").prepare(
        frame_of(Painted(Image.fromarray(noise)))
    )
    scaled = Image.fromarray(noise).resize((224, 125), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(found[50:175], np.asarray(scaled))


def test_as_dict_is_plain() -> None:
    assert Preprocessing().as_dict() == {
        "input_size": 224,
        "crop": 0.875,
        "framing": "center",
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
        ({"framing": "stretch"}, "one of center, squash, pad, got 'stretch'"),
        ({"interpolation": "nearest"}, "one of bicubic, bilinear, got 'nearest'"),
    ],
)
def test_refuses_what_makes_no_sense(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Preprocessing(**values)
