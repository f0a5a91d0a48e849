"""Settings of archives."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from ghoststream.config.analysis import AnalysisConfig
from ghoststream.config.values import Positive, ReportPath, several

DEFAULT_STORE = "ghoststream-store"


class ArchiveConfig(AnalysisConfig):
    """From a tree of videos to a store, and logs that mirror the tree."""

    source: Annotated[tuple[str, ...], BeforeValidator(several)] = ()
    """Directories, which are searched to their depth, and files."""
    store: str = DEFAULT_STORE
    """Directory, or address in an object store, such as s3://bucket/archive."""
    out: Path | None = None
    """Directory for a log of each video, and summary.json."""
    include: Annotated[tuple[str, ...], BeforeValidator(several)] = ()
    """Globs; unset, all videos."""
    exclude: Annotated[tuple[str, ...], BeforeValidator(several)] = ()
    """Globs of what is left out."""
    file_timeout: Positive = Fraction(300)
    """Seconds without any progress after which a video is given up, and its process ended."""
    retry_failed: bool = False
    """Try those again that have failed before."""
    dry_run: bool = False
    """Only say what would be done."""
    watch: bool = False
    """Go on with videos that come in later."""
    engine: Literal["local", "ray"] = "local"
    """Processes here, or a Ray cluster."""
    address: str | None = None
    """Of the Ray cluster; `auto` is the one here; unset, what RAY_ADDRESS names, or a new one."""

    @model_validator(mode="after")
    def _address_needs_ray(self) -> "ArchiveConfig":
        if self.address is not None and self.engine != "ray":
            raise ValueError("address is of a Ray cluster; set engine to ray too")
        return self


class LabelConfig(ArchiveConfig):
    """From a tree of videos to a store, logs, and a page of them."""

    report: ReportPath | None = None
    """HTML page of what the logs hold."""
