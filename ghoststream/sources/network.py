"""A camera or a video behind rtsp(s):// or http(s)://."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ghoststream.address import Address
from ghoststream.sources.file import VIDEO_SUFFIXES
from ghoststream.sources.source import SourceOptions, Stream

if TYPE_CHECKING:
    from ghoststream.video.access import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSource:
    """An address; `open` connects once, and never again."""

    address: Address
    options: SourceOptions = field(default_factory=SourceOptions)

    @property
    def name(self) -> str:
        return self.address.name

    @property
    def is_live(self) -> bool:
        """Files behind http(s):// are not; everything else is."""
        parts = urlsplit(self.address.url)
        is_file = PurePosixPath(parts.path).suffix.lower() in VIDEO_SUFFIXES
        return not (parts.scheme in ("http", "https") and is_file)

    def open(self) -> Stream:
        """Connects, within the time allowed.

        Raises:
            SourceError: one of its kinds.
        """
        from ghoststream.video.decode import Video

        return Video(self.access())

    def access(self) -> "Access":
        """What FFmpeg may open for it, and how."""
        from ghoststream.video.access import network_access

        return network_access(
            self.address.url,
            self.name,
            is_live=self.is_live,
            rtsp_transport=self.options.rtsp_transport,
            open_timeout_seconds=self.options.open_timeout_seconds,
            read_timeout_seconds=self.options.read_timeout_seconds,
        )
