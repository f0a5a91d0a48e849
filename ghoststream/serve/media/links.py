"""Addresses of pictures and videos, as the page gives them to browsers."""

STILL_SIDE = 320
MAX_STRETCH_SECONDS = 60.0
"""Of what is converted at once."""


def video_still(video: str, seconds: float, side: int = STILL_SIDE) -> str:
    """A moment of an archive's video.

    Args:
        video: its opaque id.
        seconds: on its own clock.
        side: pixels of the longer side.
    """
    return f"/api/videos/{video}/still.jpg?seconds={seconds:.3f}&side={side}"


def video_playback(
    video: str,
    start_seconds: float,
    end_seconds: float,
    *,
    is_playable: bool,
    begins_at_seconds: float = 0.0,
) -> str:
    """A stretch of an archive's video; players seek to it where the file itself can be played.

    Args:
        video: its opaque id.
        start_seconds: on its own clock.
        end_seconds: likewise.
        is_playable: by browsers, as it is.
        begins_at_seconds: the first time of the video, which is zero to a player.
    """
    address = f"/api/videos/{video}/playback"
    if is_playable:
        start, end = (max(0.0, s - begins_at_seconds) for s in (start_seconds, end_seconds))
        return f"{address}#t={start:.3f},{end:.3f}"
    end = min(end_seconds, start_seconds + MAX_STRETCH_SECONDS)
    return f"{address}?start={start_seconds:.3f}&end={end:.3f}"


def event_still(event: str) -> str:
    """The thumbnail of a camera's event, by its opaque id."""
    return f"/api/events/{event}/still.jpg"


def event_playback(event: str) -> str:
    """The clip of a camera's event, by its opaque id."""
    return f"/api/events/{event}/playback"
