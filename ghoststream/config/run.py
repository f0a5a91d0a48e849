"""Settings of what is done with single videos and cameras."""

from pathlib import Path

from pydantic import model_validator

from ghoststream.config.analysis import AnalysisConfig, ModelConfig, SamplingConfig
from ghoststream.config.live import LiveConfig
from ghoststream.config.source import SourceConfig
from ghoststream.config.values import ReportPath


class RunConfig(SourceConfig, AnalysisConfig, LiveConfig):
    """From video to events."""

    jsonl: str | None = None
    """JSON lines file; - for standard output."""
    csv: Path | None = None
    vtt: Path | None = None
    """WebVTT subtitles."""
    annotate: Path | None = None
    """H.264 video with labels drawn on it."""
    heatmap: bool = False
    """Draw where the winning class lies."""
    report: ReportPath | None = None
    """HTML page of what was found; without another place for the log, it goes beside it."""
    out: Path | None = None
    """Directory for events.jsonl; runs/N where no output is named."""
    exist_ok: bool = False
    """Write into `out` even if it is there already."""

    @model_validator(mode="after")
    def _heatmap_needs_video(self) -> "RunConfig":
        if self.heatmap and self.annotate is None:
            raise ValueError("heatmap is drawn on the annotated video; set annotate too")
        return self

    @model_validator(mode="after")
    def _report_needs_log(self) -> "RunConfig":
        if self.report is not None and self.jsonl == "-":
            raise ValueError("report is made of the event log, so jsonl must be a file, not -")
        return self

    @model_validator(mode="after")
    def _report_has_its_own_path(self) -> "RunConfig":
        others = (self.jsonl and Path(self.jsonl), self.csv, self.vtt, self.annotate)
        if self.report is not None and self.report in others:
            raise ValueError(f"{self.report} is report and another output; give each its own path")
        return self


class EmbedConfig(SourceConfig, ModelConfig, SamplingConfig):
    """From video to vectors."""

    out: Path | None = None
    """Parquet or npz file."""
