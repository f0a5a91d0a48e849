"""From pictures without labels to weights of a student; breaks are allowed at any moment.

config = make_config(DistillConfig, {"pictures": ["photos"], "minutes": 60})
done = distill(config, stop=threading.Event(), watcher=print)
done.agreement.same
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from ghoststream.config import DistillConfig
from ghoststream.errors import ConfigError, DataError
from ghoststream.models.registry import find_model
from ghoststream.models.runtime import choose_device
from ghoststream.runners.distill.reports import Reading, Watcher
from ghoststream.runners.distill.session import Distilled, Session
from ghoststream.runners.distill.unlabelled import picture_pool, unlabelled_files
from ghoststream.sinks.atomic import AtomicFile, output_errors
from ghoststream.train.distill.pool import PicturePool
from ghoststream.train.distill.start import deterministic

LOCK = "lock"


def distill(config: DistillConfig, *, stop: threading.Event, watcher: Watcher) -> Distilled | None:
    """Trains a student, or goes on where an earlier call has been stopped, and writes it.

    Args:
        config: pictures, teacher, student and budget.
        stop: when set, what has been learnt is kept and written.
        watcher: told how it goes.

    Returns:
        None where it was stopped before anything was learnt: nothing is written then.

    Raises:
        ConfigError, WeightsError: settings or weights that do not hold.
        DataError: too few pictures.
        OutputError: a file cannot be written.

    Example:
        >>> config = make_config(DistillConfig, {"pictures": ["photos"], "samples": 640_000})
        >>> distill(config, stop=threading.Event(), watcher=print).path
        PosixPath('student.safetensors')
    """
    _check_student(config)
    files = unlabelled_files(config.pictures)
    work = config.work or config.out.with_name(f"{config.out.stem}.work")
    with output_errors(work):
        work.mkdir(parents=True, exist_ok=True)
    out = AtomicFile(config.out)
    with _alone_in(work):
        out.prepare()
        try:
            return _distilled(config, files, work, out, stop=stop, watcher=watcher)
        finally:
            out.discard()


def _distilled(
    config: DistillConfig,
    files: Sequence[Path],
    work: Path,
    out: AtomicFile,
    *,
    stop: threading.Event,
    watcher: Watcher,
) -> Distilled | None:
    pool = picture_pool(
        files,
        folder=work,
        stored=config.stored,
        fps=config.fps,
        progress=lambda done: watcher(Reading(pictures=done)),
        stop=stop,
    )
    if pool is None:
        return None
    _check_enough(pool, config)
    device: Literal["cpu", "cuda"] = "cuda" if choose_device(config.device) == "cuda" else "cpu"
    with deterministic(device):
        session = Session(config, pool, work, device=device, watcher=watcher)
        session.learn(stop)
        return session.write(out) if session.has_learnt else None


@contextmanager
def _alone_in(work: Path) -> Iterator[None]:
    """Two trainings in one folder would go on from each other's checkpoints."""
    try:
        with FileLock(work / LOCK, timeout=0):
            yield
    except Timeout as error:
        raise ConfigError(
            f"another distillation is at work in {work}; stop it, or choose another work directory"
        ) from error


def _check_student(config: DistillConfig) -> None:
    if not find_model(config.model).network.startswith("ghostnet"):
        raise ConfigError(
            f"{config.model} cannot be the student; choose a GhostNet, such as ghostnet_100 or "
            f"ghostnet_050"
        )


def _check_enough(pool: PicturePool, config: DistillConfig) -> None:
    if len(pool) > config.held_out:
        return
    lost = f" ({len(pool.lost)} cannot be read; the first: {pool.lost[0]})" if pool.lost else ""
    raise DataError(
        f"there are {len(pool)} pictures{lost}, and {config.held_out} are held out of training; "
        f"give more, or hold out fewer (held_out)"
    )
