"""Settings of what is read."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ghoststream.config.base import Config
from ghoststream.config.values import Positive, several


class SourceConfig(Config):
    """What to read, and how patiently."""

    source: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(default=(), repr=False)
    """Files, directories, globs, lists, address files, rtsp:// or http(s):// addresses, webcams."""
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    open_timeout: Positive = Fraction(10)
    """Seconds to wait for an address to answer."""
    read_timeout: Positive = Fraction(20)
    """Seconds without data after which a live source counts as lost."""
    image_rate: Positive = Fraction(25)
    """Pictures a second of an image sequence."""
