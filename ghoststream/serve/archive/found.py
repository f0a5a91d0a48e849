"""What a search has found, as the API tells it.

moment_items(moments, catalogue)
"""

import math
from collections.abc import Sequence

from ghoststream.archive.moments import Moment
from ghoststream.serve.archive.catalogue import Catalogue, CataloguedVideo
from ghoststream.serve.archive.item import MomentItem
from ghoststream.serve.events.item import EventItem
from ghoststream.serve.media.links import video_playback, video_still

SHORTEST_SECONDS = 1.0
"""Of what is played: a single frame would be over at once."""
SAID_SCORE = 1.0
"""Of what people have said themselves."""
MOSTLY = 0.5
"""Of a moment, from where on an event that spans it says what it shows."""


def moment_items(moments: Sequence[Moment], catalogue: Catalogue) -> list[MomentItem]:
    """Moments of videos that are in the catalogue; others have come or gone this moment."""
    videos = catalogue.named(sorted({moment.video for moment in moments}))
    return [_item(moment, videos[moment.video]) for moment in moments if moment.video in videos]


def with_corrected(
    corrected: Sequence[EventItem], found: Sequence[MomentItem], limit: int
) -> list[MomentItem]:
    """What people have named so, and then what else was found, each once.

    Args:
        corrected: events of videos.
        found: moments, best first.
        limit: at most.
    """
    said = [_said(event) for event in corrected if event.video is not None]
    others = [moment for moment in found if not any(_overlap(moment, one) for one in said)]
    return [*said, *others][:limit]


def without_denied(found: Sequence[MomentItem], denied: Sequence[EventItem]) -> list[MomentItem]:
    """Moments without those that people have said show something else, or nothing.

    Args:
        found: moments that show a label.
        denied: events of videos, of which their own label does not hold.
    """
    return [moment for moment in found if not any(_denies(event, moment) for event in denied)]


def _denies(event: EventItem, moment: MomentItem) -> bool:
    if (event.video, event.label) != (moment.video, moment.label):
        return False
    end = math.inf if event.end_time is None else event.end_time  # it lasted to the video's end
    common = min(end, moment.end_seconds) - max(event.start_time, moment.start_seconds)
    return common > 0 and common >= MOSTLY * (moment.end_seconds - moment.start_seconds)


def _item(moment: Moment, video: CataloguedVideo) -> MomentItem:
    start, end = moment.start_seconds, moment.end_seconds
    playback = video_playback(
        video.id,
        start,
        max(end, start + SHORTEST_SECONDS),
        is_playable=video.is_playable,
        begins_at_seconds=video.start_seconds or 0.0,
    )
    return MomentItem(
        video=video.id,
        source=video.source,
        start_seconds=start,
        end_seconds=end,
        best_seconds=moment.best_seconds,
        score=moment.score,
        label=moment.label,
        still=video_still(video.id, moment.best_seconds),
        playback=playback,
    )


def _said(event: EventItem) -> MomentItem:
    start = event.start_time
    end = start if event.end_time is None else event.end_time
    return MomentItem(
        video=event.video or "",
        source=event.source,
        start_seconds=start,
        end_seconds=end,
        best_seconds=(start + end) / 2,
        score=SAID_SCORE,
        label=event.corrected_label,
        still=event.still or "",
        playback=event.playback or "",
    )


def _overlap(one: MomentItem, other: MomentItem) -> bool:
    starts_before = one.start_seconds < other.end_seconds
    return one.video == other.video and starts_before and other.start_seconds < one.end_seconds
