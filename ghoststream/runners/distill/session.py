"""A distillation under way: what it learns, says, and leaves in its folder.

session = Session(config, pool, work, device="cpu", watcher=print)
session.learn(threading.Event())
session.write(AtomicFile(config.out))
"""

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ghoststream.config import DistillConfig
from ghoststream.cores import available_cores
from ghoststream.models.backbone import Backbone
from ghoststream.models.weights import Weights, resolve_weights
from ghoststream.runners.distill.exam import Exam
from ghoststream.runners.distill.reports import Judged, Learning, Note, Watcher
from ghoststream.runners.distill.settings import settings_of
from ghoststream.sinks.atomic import AtomicFile, output_errors, whole_file
from ghoststream.train.distill.crops import Drawing, batches
from ghoststream.train.distill.distiller import Distiller
from ghoststream.train.distill.files import (
    load_student,
    read_checkpoint,
    write_checkpoint,
    write_student,
)
from ghoststream.train.distill.judging import Agreement, Squares
from ghoststream.train.distill.pool import PicturePool
from ghoststream.train.distill.schedule import Budget, Schedule
from ghoststream.train.distill.scores import Calibration
from ghoststream.train.distill.start import random_student, take_classifier
from ghoststream.train.distill.teacher import TeacherStages, load_teacher, teacher_stages
from ghoststream.version import __version__

CHECKPOINT = "checkpoint.pt"
LINE_SECONDS = 60.0
"""From one line of progress to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distilled:
    """A student, written."""

    path: Path
    samples: int
    agreement: Agreement
    calibration: Calibration
    lost: tuple[str, ...]
    """A sentence for each picture that could not be read."""
    is_stopped: bool
    """Before the budget was used up; the same command goes on."""


@dataclass(slots=True)
class _Count:
    """What a training has used up, breaks not counted."""

    samples: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Line:
    """What has gone on since the last line of progress."""

    divergences: list[float] = field(default_factory=list)
    seconds: float = 0.0


class Session:
    """One student on its way, from the checkpoint of an earlier call where there is one.

    Args:
        config: teacher, student and budget.
        pool: pictures, the last of which are held out.
        work: folder of the checkpoint.
        device: where the student learns.
        watcher: told how it goes.

    Raises:
        ConfigError, WeightsError: settings or weights that do not hold.
    """

    def __init__(
        self,
        config: DistillConfig,
        pool: PicturePool,
        work: Path,
        *,
        device: Literal["cpu", "cuda"],
        watcher: Watcher,
    ) -> None:
        self._config, self._pool, self._device, self._watcher = config, pool, device, watcher
        self._checkpoint = work / CHECKPOINT
        self._count, self._line = _Count(), _Line()
        self._squares = Squares(pool=pool, first=len(pool) - config.held_out)
        kept = _kept(self._checkpoint)
        weights = resolve_weights(config.teacher, config.teacher_weights)
        if weights.notice is not None:
            self._note(f"the teacher: {weights.notice}")
        self._teacher = load_teacher(weights, side=config.teacher_size, device=device)
        self._exam = Exam(self._squares, self._teacher, device=device)
        self._settings = settings_of(config, pool, weights, kept.get("settings"))
        self._distiller = self._begun(weights, has_begun=bool(kept))
        if kept:
            self._go_on(kept)

    def learn(self, stop: threading.Event) -> None:
        """Until the budget is used up, or somebody says stop."""
        self._judge()
        save, report = (
            _Timer(60 * float(minutes))
            for minutes in (self._config.save_minutes, self._config.report_minutes)
        )
        stream = batches(
            self._pool, self._drawing(), start=self._distiller.step, threads=_crop_threads()
        )
        with closing(stream):
            while not stop.is_set() and self._done() < 1:
                start = time.monotonic()
                divergence = self._distiller.learn(next(stream), done=self._done())
                self._tell(divergence, time.monotonic() - start)
                if save.is_due():
                    self._save()
                if report.is_due():
                    self._judge()
        self._save()

    @property
    def has_learnt(self) -> bool:
        """Whether there is anything to write: now, or by an earlier call."""
        return self._count.samples > 0

    def write(self, out: AtomicFile) -> Distilled:
        """The averaged student, calibrated, under its final name."""
        student, step = self._distiller.averaged(), self._distiller.step
        judged = self._exam.agreement(student, step=step)
        calibration = self._exam.calibration(student, step=step)
        with output_errors(out.path):
            write_student(
                out.partial,
                student,
                name=self._config.model,
                temperature=calibration.temperature,
                about=self._about(judged, calibration),
            )
        out.commit()
        return Distilled(
            path=out.path,
            samples=self._count.samples,
            agreement=judged,
            calibration=calibration,
            lost=self._pool.lost,
            is_stopped=self._done() < 1,
        )

    def _begun(self, weights: Weights, *, has_begun: bool) -> Distiller:
        config = self._config
        student = self._student(has_begun=has_begun)
        self._base_samples = _samples_before(student)
        if config.input_size is not None:
            student.preprocessing = replace(student.preprocessing, input_size=config.input_size)
        return Distiller(
            student,
            self._teacher,
            schedule=Schedule(
                learning_rate=self._settings["learning_rate"],
                finish=config.finish,
                forcing=self._settings["forcing"],
            ),
            stages=self._stages(weights, student),
            device=self._device,
            has_bf16=_has_bf16(config, self._device),
        )

    def _student(self, *, has_begun: bool) -> Backbone:
        config = self._config
        if config.init is not None:
            return load_student(resolve_weights(config.model, config.init))
        student = random_student(config.model, seed=config.seed)
        if not take_classifier(student, self._teacher) and not has_begun:
            self._note(
                f"the last layer begins at random: that of {config.teacher} has another shape"
            )
        return student

    def _stages(self, weights: Weights, student: Backbone) -> TeacherStages | None:
        if student.num_features != self._teacher.num_features:
            self._note(
                f"only what is named is imitated: embeddings of {self._config.teacher} have "
                f"{self._teacher.num_features} numbers, those of {self._config.model} "
                f"{student.num_features}"
            )
        if not self._settings["forcing"]:
            return None
        stages = teacher_stages(weights, student, self._device)
        if stages is None:
            self._note(
                f"no stage is forced: the stages of {self._config.teacher} and "
                f"{self._config.model} do not have the same channels"
            )
        return stages

    def _go_on(self, kept: Mapping[str, Any]) -> None:
        self._distiller.restore(kept["distiller"])
        self._count = _Count(samples=kept["samples"], seconds=kept["seconds"])
        self._base_samples = kept["base_samples"]
        self._note(f"going on after {self._count.samples} samples, from {self._checkpoint}")

    def _save(self) -> None:
        state = {
            "settings": self._settings,
            "distiller": self._distiller.state(),
            "samples": self._count.samples,
            "seconds": self._count.seconds,
            "base_samples": self._base_samples,
        }
        with whole_file(self._checkpoint) as partial:
            write_checkpoint(partial, state)

    def _judge(self) -> None:
        student, step = self._distiller.averaged(), self._distiller.step
        judged = self._exam.agreement(student, step=step)
        self._watcher(Judged(samples=self._count.samples, agreement=judged))

    def _tell(self, divergence: float, seconds: float) -> None:
        self._count.samples += self._config.batch
        self._count.seconds += seconds
        line = self._line
        line.divergences.append(divergence)
        line.seconds += seconds
        if line.seconds < LINE_SECONDS:
            return
        self._watcher(
            Learning(
                samples=self._count.samples,
                done=self._done(),
                divergence=sum(line.divergences) / len(line.divergences),
                images_per_second=len(line.divergences) * self._config.batch / line.seconds,
            )
        )
        self._line = _Line()

    def _done(self) -> float:
        minutes = self._config.minutes
        budget = Budget(
            samples=self._config.samples, seconds=None if minutes is None else 60 * float(minutes)
        )
        return budget.done(samples=self._count.samples, seconds=self._count.seconds)

    def _drawing(self) -> Drawing:
        config = self._config
        return Drawing(
            seed=config.seed,
            pictures=self._squares.first,
            batch=config.batch,
            size=config.size,
            teacher_size=config.teacher_size,
        )

    def _about(self, judged: Agreement, calibration: Calibration) -> dict[str, str]:
        return {
            "training": f"distilled from {self._config.teacher} on unlabelled pictures",
            "teacher_sha256": self._teacher.info.sha256,
            "samples": str(self._base_samples + self._count.samples),
            "pictures": str(self._squares.first),
            "agreement": f"{judged.same:.4f}",
            "calibration_error": f"{calibration.error:.4f}",
            "ghoststream": __version__,
        }

    def _note(self, text: str) -> None:
        self._watcher(Note(text=text))


class _Timer:
    """Says every so many seconds that it is time."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._since = seconds, time.monotonic()

    def is_due(self) -> bool:
        if time.monotonic() - self._since < self._seconds:
            return False
        self._since = time.monotonic()
        return True


def _kept(checkpoint: Path) -> dict[str, Any]:
    """What an earlier run has left; empty where there was none."""
    return read_checkpoint(checkpoint) if checkpoint.is_file() else {}


def _samples_before(student: Backbone) -> int:
    stated = "0" if student.weights is None else student.weights.metadata.get("samples", "0")
    return int(stated) if stated.isdecimal() else 0


def _has_bf16(config: DistillConfig, device: str) -> bool:
    return config.precision == "bf16" or (config.precision == "auto" and device == "cuda")


def _crop_threads() -> int:
    # Crops take a hundredth of what the student does on a CPU; on a card they have to keep up.
    return max(1, available_cores() // 2)
