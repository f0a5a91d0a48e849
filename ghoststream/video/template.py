"""How a stream's packets are coded, for files and decoders of them, beyond the stream's own life.

template = template_of(container.streams.video[0])
container.close()
Recording(path, template)
"""

import io
from typing import TypeAlias

from av import open as open_output
from av.video.stream import VideoStream

Template: TypeAlias = VideoStream
"""A stream of which nobody reads."""


def template_of(stream: VideoStream) -> Template:
    """A copy that may be used in any thread, also while the stream's container is closed."""
    # A muxer that writes nothing takes all that a stream says: size, headers, rotation, tag.
    nowhere = open_output(io.BytesIO(), "w", format="null")
    # `opaque`, since a decoder's name (libdav1d) need not be that of an encoder.
    return nowhere.add_stream_from_template(stream, opaque=True)
