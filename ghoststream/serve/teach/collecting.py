"""What people mark, found in the tables of events and videos: where it can be seen.

stretch = stretch_of_event(book, event_id)
items = example_items(review, examples.put("cat", [stretch]))
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from ghoststream.errors import Unsuitable
from ghoststream.serve.archive.catalogue import CataloguedVideo
from ghoststream.serve.events.book import Book
from ghoststream.serve.media.links import event_still, video_still
from ghoststream.serve.review import Review
from ghoststream.serve.teach.examples import Example, Kind, Stretch

FIRST_SECONDS = 2.0
"""What is sure to show an event of which nobody knows yet when it ends."""


class ExampleItem(BaseModel):
    """An example as the API tells it."""

    model_config = ConfigDict(use_attribute_docstrings=True, serialize_by_alias=True)

    id: str
    label: str = Field(alias="class")
    kind: Kind
    source: str
    video: str | None
    """Id of the video, in an archive."""
    event: str | None
    start_seconds: float
    """On the clock of the video, or of the clip that a camera kept."""
    end_seconds: float
    still: str | None


def stretch_of_event(book: Book, event: str) -> Stretch:
    """The part of a video that shows an event.

    Raises:
        NotThere: no such event.
        Unsuitable: nothing shows it.
    """
    found = book.sighting_of(event)
    if found.path is None:
        raise Unsuitable(
            f"nothing shows the event of {found.source} any more, or not yet; leave it out"
        )
    end = found.start_time + FIRST_SECONDS if found.end_time is None else found.end_time
    is_camera = found.kind == "camera"
    # The clip that a camera kept begins at zero, and its events are told in Unix seconds.
    zero = found.path_begins_at if is_camera else 0.0
    start = max(found.start_time - zero, 0.0) if is_camera else found.start_time
    return Stretch(
        kind=found.kind,
        source=found.source,
        path=found.path,
        start_seconds=start,
        end_seconds=max(end - zero, start),
        video=found.video,
        event=event,
        time=found.start_time if is_camera else None,
    )


def stretch_of_video(
    video: CataloguedVideo, *, start_seconds: float, end_seconds: float
) -> Stretch:
    """A part of a video of the archive.

    Args:
        video: whose file is as it was.
        start_seconds: on its own clock.
        end_seconds: likewise.

    Raises:
        Unsuitable: nothing can be had of it there.
    """
    if video.status != "done":
        raise Unsuitable(f"{video.source} could not be read; choose another video")
    first = video.start_seconds or 0.0
    last = first + (video.duration_seconds or 0.0)
    if end_seconds <= first or start_seconds >= last > first:
        raise Unsuitable(
            f"{video.source} goes from {first:g} to {last:g} seconds; nothing is there from "
            f"{start_seconds:g} to {end_seconds:g}"
        )
    return Stretch(
        kind="archive",
        source=video.source,
        path=video.path,
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        video=video.video,
    )


def example_items(review: Review, examples: Sequence[Example]) -> list[ExampleItem]:
    """Examples as the API tells them.

    Args:
        review: that holds the table of videos.
        examples: to tell of.
    """
    rows = review.rows("SELECT video, id FROM videos WHERE video IN (SELECT video FROM examples)")
    ids = {row["video"]: row["id"] for row in rows}
    return [_item(example, ids) for example in examples]


def _item(example: Example, ids: Mapping[str, str]) -> ExampleItem:
    video = None if example.video is None else ids.get(example.video)
    names = ("id", "kind", "source", "event", "start_seconds", "end_seconds")
    values = {name: getattr(example, name) for name in names}
    values |= {"class": example.label, "video": video, "still": _still(example, video)}
    return ExampleItem.model_validate(values)


def _still(example: Example, video: str | None) -> str | None:
    if video is not None:
        return video_still(video, (example.start_seconds + example.end_seconds) / 2)
    return event_still(example.event) if example.kind == "camera" and example.event else None
