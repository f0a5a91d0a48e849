"""All of teaching, as the page has it while it is up.

with closing(teaching_of(site)) as teaching:
    teaching.classes.add("cat")
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from ghoststream.archive.database import holds_store
from ghoststream.archive.schema import VIDEOS
from ghoststream.config import AnalysisConfig
from ghoststream.models import resolve_weights
from ghoststream.serve.live.settings import watch_spec
from ghoststream.serve.review import Review
from ghoststream.serve.site import Site
from ghoststream.serve.teach.classes import Classes
from ghoststream.serve.teach.examples import Examples
from ghoststream.serve.teach.heads import Heads
from ghoststream.serve.teach.learning import learn
from ghoststream.serve.teach.lessons import write_lesson
from ghoststream.serve.teach.namer import Namer
from ghoststream.serve.teach.plan import LearningPlan
from ghoststream.serve.teach.trainer import Trainer

RUNNING = ("weights", "device", "precision", "batch", "workers")
"""Settings of a training that say how the network is run, and which numbers it has."""
LOOKING = ("model", "framing", "fps")
"""Those that say what it looks at, where no archive does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """One a page."""

    classes: Classes
    examples: Examples
    trainer: Trainer
    heads: Heads
    namer: Namer
    switching: anyio.Lock = field(default_factory=anyio.Lock)
    """One head is switched on at a time, or cameras and archive might get two."""

    def switch(self, name: str | None) -> None:
        """Has a head that was checked name the archive from now on; None: its own."""
        self.heads.choose(name)
        self.namer.follow()

    def close(self) -> None:
        """Ends what is under way."""
        self.trainer.close()
        self.namer.close()


def teaching_of(site: Site) -> Teaching:
    """Makes the tables and directories, and begins what was asked for before.

    Args:
        site: whose book of events is open.
    """
    classes = Classes(site.review)
    examples = Examples(site.review, directory=site.data / "examples", ids=site.ids)
    heads = Heads(site.review, folder=site.data / "heads")
    trainer = Trainer(
        site.review,
        feed=site.feed,
        folder=site.data / "training",
        heads=site.data / "heads",
        plan=lambda folder: plan_learning(site, examples, folder),
        work=learn,
    )
    namer = Namer(
        site.review, heads=heads, book=site.book, feed=site.feed, store=lambda: store_of(site)
    )
    return Teaching(classes=classes, examples=examples, trainer=trainer, heads=heads, namer=namer)


def store_of(site: Site) -> str | None:
    """Address of the archive's store, once there is one."""
    address = site.archive.address
    return address if address is not None and holds_store(address, VIDEOS) else None


def plan_learning(
    site: Site, examples: Examples, folder: Path
) -> tuple[LearningPlan, tuple[str, ...]]:
    """Writes down what there is to learn from at this moment.

    Args:
        site: of the page.
        examples: of all classes.
        folder: of the training.

    Returns:
        What its process is to do, and sentences about what its figures rest on.

    Raises:
        DataError: nothing can be learnt from them.
    """
    those = examples.of()
    lesson = write_lesson(folder / "examples.csv", those, _contents(site.review))
    archive = store_of(site)
    looked_at = (_cameras_config(site) if archive is None else None) or site.config
    looking = {name: getattr(looked_at, name) for name in LOOKING}
    plan = LearningPlan(
        table=lesson.path,
        examples=tuple(those),
        archive=archive,
        stores=site.data / "training",
        folder=folder,
        running={name: getattr(looked_at, name) for name in RUNNING},
        looking={name: value for name, value in looking.items() if value is not None},
    )
    return plan, lesson.notices


def cameras_sha256(site: Site) -> str | None:
    """Of the weights that look at the cameras; None without cameras."""
    config = _cameras_config(site)
    return None if config is None else resolve_weights(config.model, config.weights).sha256


def _contents(review: Review) -> Mapping[str, str]:
    rows = review.rows(
        "SELECT video, content_sha256 FROM videos WHERE content_sha256 IS NOT NULL AND video IN "
        "(SELECT video FROM examples)"
    )
    return {row["video"]: row["content_sha256"] for row in rows}


def _cameras_config(site: Site) -> AnalysisConfig | None:
    pipeline = site.config.pipeline
    return None if pipeline is None else watch_spec(site.config, pipeline).config
