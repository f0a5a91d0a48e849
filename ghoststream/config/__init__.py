"""Settings of a run: a pipeline file, flags, or keyword arguments, all with the same words.

    config = RunConfig(source="clip.mp4", fps=2)
    config = load_config(Path("pipelines/alarm.yaml"), RunConfig, source="clip.mp4")

Unknown keys are refused. `{GHOSTSTREAM_NAME}` in a pipeline file is replaced from the environment,
so that no secret stands in it; so it is in the addresses and secrets of receivers, wherever given.
"""

from ghoststream.config.analysis import (
    SAMPLINGS,
    AnalysisConfig,
    EventConfig,
    ModelConfig,
    PoolingName,
    SamplingConfig,
)
from ghoststream.config.archive import ArchiveConfig, LabelConfig
from ghoststream.config.checked import make_config
from ghoststream.config.deciding import configuration_sha256, deciding_settings
from ghoststream.config.distill import DistillConfig
from ghoststream.config.live import CameraConfig, LiveConfig
from ghoststream.config.pipeline_file import load_config
from ghoststream.config.placeholders import filled_in
from ghoststream.config.regions import Regions
from ghoststream.config.run import EmbedConfig, RunConfig
from ghoststream.config.serve import ServeConfig
from ghoststream.config.train import EvaluateConfig, TrainConfig

__all__ = [
    "SAMPLINGS",
    "AnalysisConfig",
    "ArchiveConfig",
    "CameraConfig",
    "DistillConfig",
    "EmbedConfig",
    "EvaluateConfig",
    "EventConfig",
    "LabelConfig",
    "LiveConfig",
    "ModelConfig",
    "PoolingName",
    "Regions",
    "RunConfig",
    "SamplingConfig",
    "ServeConfig",
    "TrainConfig",
    "configuration_sha256",
    "deciding_settings",
    "filled_in",
    "load_config",
    "make_config",
]
