"""A part of a frame, as if it were all that the camera saw.

door = cropped(frame, (0.25, 0.1, 0.5, 0.9))
"""

from dataclasses import dataclass, replace

from ghoststream.types import WHOLE_PICTURE, Frame, Interpolation, Picture, Pixels, Region


def cropped(frame: Frame, region: Region) -> Frame:
    """The same frame, showing a part of its picture; nothing is converted or copied.

    Args:
        frame: to look at.
        region: the part, in fractions of the picture's sides.

    Example:
        >>> cropped(frame, (0.5, 0, 1, 1)).rgb((224, 224))  # of the right half
    """
    if region == WHOLE_PICTURE:
        return frame
    return replace(frame, picture=Crop(picture=frame.picture, region=region))


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A part of a picture, as `ghoststream.types.Picture`."""

    picture: Picture
    region: Region

    @property
    def width(self) -> int:
        left, _, right, _ = self.region
        return max(1, round(self.picture.width * (right - left)))

    @property
    def height(self) -> int:
        _, top, _, bottom = self.region
        return max(1, round(self.picture.height * (bottom - top)))

    @property
    def nbytes(self) -> int:
        return self.picture.nbytes

    def rgb(
        self,
        size: tuple[int, int] | None = None,
        region: Region | None = None,
        interpolation: Interpolation = "bicubic",
    ) -> Pixels:
        """Converts once, straight to `size`; `region` is a part of this part."""
        return self.picture.rgb(size, self._within(region or WHOLE_PICTURE), interpolation)

    def _within(self, part: Region) -> Region:
        left, top, right, bottom = self.region
        return (
            _between(left, right, part[0]),
            _between(top, bottom, part[1]),
            _between(left, right, part[2]),
            _between(top, bottom, part[3]),
        )


def _between(start: float, end: float, share: float) -> float:
    # Rounding must not lead out of the picture.
    return min(end, start + share * (end - start))
