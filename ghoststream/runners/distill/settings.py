"""What decides a distillation, and must be the same after a break.

settings = settings_of(config, pool, teacher, kept=None)
settings["learning_rate"]
"""

from collections.abc import Mapping
from typing import Any

from ghoststream.config import DistillConfig
from ghoststream.errors import ConfigError
from ghoststream.models.weights import Weights
from ghoststream.train.distill.pool import PicturePool

FRESH = {"learning_rate": 3e-3, "forcing": 0.55}
CONTINUED = {"learning_rate": 1e-3, "forcing": 0.0}
"""Settings that nobody chose, without weights to start from and with them."""
SAME = ("model", "teacher", "size", "teacher_size", "held_out", "batch", "seed")
"""Settings that a checkpoint holds to as they are."""


def settings_of(
    config: DistillConfig, pool: PicturePool, teacher: Weights, kept: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Settings, and what they were applied to, by name.

    Args:
        config: as chosen.
        pool: the pictures.
        teacher: its weights.
        kept: of the checkpoint to go on from, which also stand for what nobody chose.

    Raises:
        ConfigError: they differ from those of the checkpoint.
    """
    settings = {name: getattr(config, name) for name in SAME}
    settings |= {"teacher_sha256": teacher.sha256, "pictures_sha256": pool.sha256}
    for name, default in _defaults(config).items():
        chosen = getattr(config, name)
        remembered = default if kept is None else kept.get(name)
        settings[name] = remembered if chosen is None else chosen
    _require_same(settings, {} if kept is None else kept)
    return settings


def _defaults(config: DistillConfig) -> dict[str, float]:
    has_budget = config.samples is not None or config.minutes is not None
    defaults = FRESH if config.init is None else CONTINUED
    return defaults if has_budget else {**defaults, "forcing": 0.0}


def _require_same(settings: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    for name, value in kept.items():
        if settings.get(name) != value:
            raise ConfigError(
                f"the checkpoint to go on from was made with {name} {value}, not "
                f"{settings.get(name)}; give the same, another work directory, or begin anew from "
                f"its weights (init)"
            )
