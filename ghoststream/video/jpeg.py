"""A frame as JPEG, for people to look at.

path.write_bytes(jpeg_of(frame, max_side=320))
"""

import io

from PIL import Image

from ghoststream.types import Frame
from ghoststream.video.picture import shrunk_size

QUALITY = 85


def jpeg_of(frame: Frame, *, max_side: int, quality: int = QUALITY) -> bytes:
    """Encodes a frame, made smaller where it is too large.

    Args:
        frame: to show.
        max_side: pixels of the longer side; a smaller picture is not enlarged.
        quality: of JPEG, up to 95.
    """
    size = shrunk_size(frame.picture.width, frame.picture.height, max_side)
    file = io.BytesIO()
    Image.fromarray(frame.rgb(size)).save(file, "JPEG", quality=quality)
    return file.getvalue()
