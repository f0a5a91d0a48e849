"""Settings of the page."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from ghoststream.config.analysis import AnalysisConfig
from ghoststream.config.values import several


class ServeConfig(AnalysisConfig):
    """A page to watch, look through, search and correct with."""

    archive: str | None = None
    """A store, or a directory of videos, which is labelled, and watched for more."""
    pipeline: Path | None = None
    """Pipeline file with the cameras to watch."""
    host: str = "127.0.0.1"
    """Address of this machine that the page listens on; any but loopback demands a password."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8008
    """0 takes a free one."""
    allowed_host: Annotated[tuple[str, ...], BeforeValidator(several)] = ()
    """Names under which browsers may reach it, besides host and those of loopback."""
    data: Path = Path("ghoststream-serve")
    """Directory for what the page keeps: verdicts, classes, heads, caches."""
    password_file: Path | None = None
    """First line is the password; unset, GHOSTSTREAM_PASSWORD, or none on loopback."""
    token_file: Path | None = None
    """A token a line, for programs that send `Authorization: Bearer`."""
    https: bool = False
    """Browsers reach it by https, through a proxy of yours: cookies go no other way."""
    trusted_proxy: str | None = None
    """Address of that proxy, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
