"""Answers about classes, examples, trainings and heads."""

import math
from dataclasses import asdict
from typing import Annotated, Literal, Self

import anyio
from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ghoststream.serve.shielded import shielded
from ghoststream.serve.site import Site, SiteOf
from ghoststream.serve.teach.classes import TaughtClass
from ghoststream.serve.teach.collecting import (
    ExampleItem,
    example_items,
    stretch_of_event,
    stretch_of_video,
)
from ghoststream.serve.teach.examples import Stretch
from ghoststream.serve.teach.heads import HeadItem
from ghoststream.serve.teach.report import PictureName, Report, picture_of, report_of
from ghoststream.serve.teach.teaching import Teaching, cameras_sha256, store_of
from ghoststream.serve.teach.trainer import Training

MAX_ITEMS = 500
"""Collected at once."""
MAX_LISTED = 5000

router = APIRouter(prefix="/api", tags=["teach"])

Id = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class NewClass(_Body):
    """A class to be taught."""

    name: Name


class OfEvent(_Body):
    """What an event shows."""

    event: Id


class OfVideo(_Body):
    """A stretch of a video of the archive."""

    video: Id
    start_seconds: float
    """On the video's own clock."""
    end_seconds: float

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        times = (self.start_seconds, self.end_seconds)
        if not all(map(math.isfinite, times)) or times[1] <= times[0]:
            raise ValueError("a stretch is two numbers of seconds, and ends after it starts")
        return self


class NewExamples(_Body):
    """What shows a class; the class is made, where there is none."""

    label: Name = Field(alias="class")
    items: Annotated[list[OfEvent | OfVideo], Field(min_length=1, max_length=MAX_ITEMS)]


class NewTraining(_Body):
    """A head to be trained from all examples."""

    name: Name


class TrainingItem(BaseModel):
    """A training, and what came of it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    name: str
    """Of the head."""
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: int
    """Videos that are embedded."""
    of: int
    message: str
    accuracy: float | None
    """Share of clips named right, in cross-validation."""
    interval: tuple[float, float] | None
    """In which it lies in 19 of 20 cases."""
    report: Report | None = None
    """Of one that is done, asked for by itself."""


class ActiveHead(_Body):
    """The head that names cameras and archive."""

    name: Name | None
    """null: those that the pipeline and the store name themselves."""


class Switched(BaseModel):
    """Which head is on now."""

    active: str | None
    notice: str | None
    """What to know of it."""


def teaching_of(site: SiteOf) -> Teaching:
    """Of the page that a request is for."""
    return site.teaching


TeachingOf = Annotated[Teaching, Depends(teaching_of)]


@router.get("/classes")
def classes(teaching: TeachingOf) -> list[TaughtClass]:
    return teaching.classes.all()


@router.post("/classes")
def add_class(new: NewClass, teaching: TeachingOf) -> TaughtClass:
    return teaching.classes.add(new.name)


@router.delete("/classes/{name:path}", status_code=204)
def remove_class(name: str, teaching: TeachingOf) -> None:
    teaching.classes.remove(name)


@router.get("/examples")
def examples(
    teaching: TeachingOf,
    site: SiteOf,
    label: Annotated[str | None, Query(alias="class")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = MAX_LISTED,
) -> list[ExampleItem]:
    return example_items(site.review, teaching.examples.of(label, limit=limit))


@router.post("/examples")
def add_examples(new: NewExamples, teaching: TeachingOf, site: SiteOf) -> list[ExampleItem]:
    stretches = [_stretch(site, item) for item in new.items]
    teaching.classes.add(new.label)
    return example_items(site.review, teaching.examples.put(new.label, stretches))


@router.delete("/examples/{example}", status_code=204)
def remove_example(example: str, teaching: TeachingOf) -> None:
    teaching.examples.remove(example)


@router.post("/trainings")
def start_training(new: NewTraining, teaching: TeachingOf) -> TrainingItem:
    return _item(teaching.trainer.start(new.name))


@router.get("/trainings")
def trainings(teaching: TeachingOf) -> list[TrainingItem]:
    return [_item(training) for training in teaching.trainer.all()]


@router.get("/trainings/{training}")
def training(training: str, teaching: TeachingOf) -> TrainingItem:
    found = teaching.trainer.get(training)
    return _item(found, report_of(teaching.trainer.folder_of(found.id), found))


@router.post("/trainings/{training}/cancel")
def cancel_training(training: str, teaching: TeachingOf) -> TrainingItem:
    return _item(teaching.trainer.cancel(training))


@router.get("/trainings/{training}/pictures/{name}", response_class=FileResponse)
def training_picture(training: str, name: PictureName, teaching: TeachingOf) -> FileResponse:
    return FileResponse(picture_of(teaching.trainer.folder_of(training), name))


@router.get("/heads")
def heads(teaching: TeachingOf) -> list[HeadItem]:
    return teaching.heads.all()


@router.put("/heads/active")
async def switch_head(wanted: ActiveHead, teaching: TeachingOf, site: SiteOf) -> Switched:
    # All of it, whoever signs out meanwhile: cameras and archive are named by the same head.
    return await shielded(_switched(wanted.name, teaching, site))


async def _switched(name: str | None, teaching: Teaching, site: Site) -> Switched:
    async with teaching.switching:
        notice = await anyio.to_thread.run_sync(_checked, site, teaching, name)
        if site.live is not None:
            await site.live.restart(head=None if name is None else teaching.heads.path_of(name))
        await anyio.to_thread.run_sync(teaching.switch, name)
    return Switched(active=name, notice=notice)


def _checked(site: Site, teaching: Teaching, name: str | None) -> str | None:
    if name is None:
        return None
    cameras = cameras_sha256(site)
    return teaching.heads.check(name, store=store_of(site), cameras_sha256=cameras)


def _stretch(site: Site, item: OfEvent | OfVideo) -> Stretch:
    if isinstance(item, OfEvent):
        return stretch_of_event(site.book, item.event)
    return stretch_of_video(
        site.archive.whole(item.video),
        start_seconds=item.start_seconds,
        end_seconds=item.end_seconds,
    )


def _item(training: Training, report: Report | None = None) -> TrainingItem:
    return TrainingItem(**asdict(training), report=report)
