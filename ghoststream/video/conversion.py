"""From a decoded frame to RGB: only the wanted part is touched, and scaled straight to its size.

conversion = Conversion.of(frame, size=(224, 224), region=(0.25, 0, 0.75, 1))
pixels = Converting(conversion).rgb(frame)

How fast and how faithful each way to scale is: docs/decisions/0006-pixels.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from av.filter.graph import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from ghoststream.types import WHOLE_PICTURE, Interpolation, Pixels, Region
from ghoststream.video.cut import Cut

# Colour matrix by its number in ITU-T H.273, table 4.
_COLORSPACES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_MATRIX_NAMES = {
    Colorspace.ITU709: "bt709",
    Colorspace.FCC: "fcc",
    Colorspace.ITU601: "smpte170m",
    Colorspace.SMPTE240M: "smpte240m",
    Colorspace.BT2020: "bt2020nc",
}
_RANGE_NAMES = {ColorRange.MPEG: "limited", ColorRange.JPEG: "full"}

# Filters as FFmpeg has them, with {size} and {colors} to be filled in. Bicublin scales brightness
# by a cubic, which the parameters make the one that Pillow and torchvision use, and colour
# linearly. swscale has vector code from YUV to planes of red, green and blue, and from planes to
# pixels, but slow code from YUV to pixels.
SCALING = (
    "scale={size}:{colors}:out_range=full:param0=0:param1=0.5"
    ":flags=bicublin+accurate_rnd+full_chroma_int+full_chroma_inp",
    "format=gbrp",
    "scale=flags=bicubic",
)
BILINEAR = (
    "scale={size}:{colors}:out_range=full"
    ":flags=bilinear+accurate_rnd+full_chroma_int+full_chroma_inp",
    *SCALING[1:],
)
SCALINGS: dict[Interpolation, Sequence[str]] = {"bicubic": SCALING, "bilinear": BILINEAR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What is converted into what."""

    width: int
    """As coded."""
    height: int
    pixel_format: str
    colorspace: Colorspace
    color_range: ColorRange
    size: tuple[int, int]
    """Width and height of the output, in pixels."""
    region: Region
    """The part of the coded picture that the output shows."""
    interpolation: Interpolation = "bicubic"

    @classmethod
    def of(
        cls,
        frame: VideoFrame,
        *,
        size: tuple[int, int],
        region: Region = WHOLE_PICTURE,
        interpolation: Interpolation = "bicubic",
    ) -> Self:
        """Of a frame, by its format and colours."""
        return cls(
            width=frame.width,
            height=frame.height,
            pixel_format=frame.format.name,
            colorspace=colorspace_of(frame),
            color_range=color_range_of(frame),
            size=size,
            region=region,
            interpolation=interpolation,
        )

    def cuts(self) -> tuple[Cut, Cut]:
        """Along the width and along the height."""
        left, top, right, bottom = self.region
        across, down = self._steps()
        return (
            Cut.around(left, right, side=self.width, size=self.size[0], step=across),
            Cut.around(top, bottom, side=self.height, size=self.size[1], step=down),
        )

    def filters(self, scaling: Sequence[str], across: Cut, down: Cut) -> Iterator[str]:
        """The whole chain, from the frame to RGB."""
        matrix, color_range = _MATRIX_NAMES[self.colorspace], _RANGE_NAMES[self.color_range]
        yield (
            f"buffer=video_size={self.width}x{self.height}:pix_fmt={self.pixel_format}"
            ":time_base=1/1:pixel_aspect=1/1"
        )
        # swscale refuses primaries and transfers that it does not know, and has no use for them.
        yield (
            f"setparams=colorspace={matrix}:range={color_range}"
            ":color_primaries=unknown:color_trc=unknown"
        )
        if self.region != WHOLE_PICTURE:
            size = f"{across.stop - across.start}:{down.stop - down.start}"
            yield f"crop={size}:{across.start}:{down.start}:exact=1"
        fields = {
            "size": f"{across.scaled}:{down.scaled}",
            "colors": f"in_color_matrix={matrix}:in_range={color_range}",
        }
        yield from (step.format(**fields) for step in scaling)
        yield "format=rgb24"
        if self.region != WHOLE_PICTURE:
            wanted = f"{self.size[0]}:{self.size[1]}"
            yield f"crop={wanted}:{across.offset}:{down.offset}:exact=1"
        yield "buffersink="

    def _steps(self) -> tuple[int, int]:
        """Coded pixels from one place where the picture can be cut to the next."""
        pixels = VideoFormat(self.pixel_format)
        if pixels.is_bit_stream:
            return self.width, self.height  # eight pixels a byte: it has to stay whole
        chroma = 16 // pixels.chroma_width(16), 16 // pixels.chroma_height(16)
        return max(2, chroma[0]), max(2, chroma[1])  # 2 for the mosaics of cameras


class Converting:
    """A conversion made ready, for one thread at a time.

    Args:
        conversion: which every frame has to agree with.
        scaling: filters that scale and make RGB; unset, those of the interpolation.
    """

    def __init__(self, conversion: Conversion, *, scaling: Sequence[str] | None = None) -> None:
        across, down = conversion.cuts()
        self._graph = Graph()
        self._graph.threads = 1
        filters = conversion.filters(scaling or SCALINGS[conversion.interpolation], across, down)
        nodes = [self._graph.add(*text.split("=", 1)) for text in filters]
        self._graph.link_nodes(*nodes).configure()

    def rgb(self, frame: VideoFrame) -> Pixels:
        """H x W x 3; the frame is only read, and not held on to."""
        self._graph.vpush(frame)
        # Its rows are padded, and it would keep the frame.
        return np.ascontiguousarray(self._graph.vpull().to_ndarray(), dtype=np.uint8)


def colorspace_of(frame: VideoFrame) -> Colorspace:
    """Colour matrix as tagged, or guessed as players do."""
    is_high_definition = frame.width >= 1280 or frame.height > 576
    guess = Colorspace.ITU709 if is_high_definition else Colorspace.ITU601
    return _COLORSPACES.get(frame.colorspace, guess)


def color_range_of(frame: VideoFrame) -> ColorRange:
    """Full or limited, as tagged, or guessed from the pixel format."""
    if frame.color_range in (ColorRange.MPEG, ColorRange.JPEG):
        return ColorRange(frame.color_range)
    # Grey pictures are full range unless they say otherwise, as swscale itself has it.
    is_full = frame.format.name.startswith(("yuvj", "gray", "ya")) or frame.format.is_rgb
    return ColorRange.JPEG if is_full else ColorRange.MPEG
