"""A frame as JPEG, for people to look at.

path.write_bytes(jpeg_of(frame, max_side=320))
"""

import io
from fractions import Fraction

from PIL import Image

from ghoststream.types import Frame

QUALITY = 85


def jpeg_of(frame: Frame, *, max_side: int, quality: int = QUALITY) -> bytes:
    """Encodes a frame, made smaller where it is too large.

    Args:
        frame: to show.
        max_side: pixels of the longer side; a smaller picture is not enlarged.
        quality: of JPEG, up to 95.
    """
    longer = max(frame.picture.width, frame.picture.height)
    scale = min(Fraction(1), Fraction(max_side, longer))
    size = _scaled(frame.picture.width, scale), _scaled(frame.picture.height, scale)
    file = io.BytesIO()
    Image.fromarray(frame.rgb(size)).save(file, "JPEG", quality=quality)
    return file.getvalue()


def _scaled(side: int, scale: Fraction) -> int:
    return max(1, round(side * scale))
