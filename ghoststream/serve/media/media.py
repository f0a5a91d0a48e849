"""Pictures and videos, made fit for browsers and kept for the next one.

media = Media(site.data, worker=site.worker, converter=site.converter)
path = await media.still(file, 12.5, 320, is_wanted=wanted_by(request))
"""

from collections import OrderedDict
from pathlib import Path

from ghoststream.serve.media.cache import DiskCache
from ghoststream.serve.media.file import MediaFile
from ghoststream.serve.media.playable import MEDIA_TYPES, file_plays_in_browsers
from ghoststream.serve.media.playback import convert
from ghoststream.serve.media.stills import draw_still
from ghoststream.serve.wanted import Wanted
from ghoststream.serve.worker import Worker

STILLS_BYTES = 1 << 30
PLAYBACK_BYTES = 4 << 30
STILL_TIMEOUT_SECONDS = 30.0
CONVERSION_TIMEOUT_SECONDS = 180.0
"""For a minute of 4K on a small machine."""
MAX_KNOWN = 4096


class Media:
    """What is made of videos for people to look at.

    Args:
        data: directory of the page.
        worker: decodes stills.
        converter: codes stretches anew, which takes longer.
    """

    def __init__(self, data: Path, *, worker: Worker, converter: Worker) -> None:
        self.uploads = data / "uploads"
        """For what strangers send, as long as it is looked at."""
        self._stills = DiskCache(data / "stills", budget_bytes=STILLS_BYTES)
        self._stretches = DiskCache(data / "playback", budget_bytes=PLAYBACK_BYTES)
        self._worker, self._converter = worker, converter
        self._plays: OrderedDict[str, bool] = OrderedDict()

    def open(self) -> None:
        """Makes the directories, and removes what was uploaded; called in a thread.

        Raises:
            OutputError: they cannot be written.
        """
        self._stills.open()
        self._stretches.open()
        self.uploads.mkdir(exist_ok=True)
        for path in self.uploads.iterdir():
            path.unlink(missing_ok=True)

    async def still(self, file: MediaFile, seconds: float, side: int, *, is_wanted: Wanted) -> Path:
        """The picture that is shown at a time, as JPEG.

        Args:
            file: a video.
            seconds: on its own clock.
            side: pixels of the longer side.
            is_wanted: asked before it is made.

        Raises:
            GhostStreamError: there is none, the video cannot be read, or the worker has no time.
        """

        async def make(path: Path, is_wanted: Wanted) -> None:
            await self._worker.call(
                draw_still,
                file,
                path,
                seconds,
                side,
                timeout_seconds=STILL_TIMEOUT_SECONDS,
                is_wanted=is_wanted,
            )

        return await self._stills.file(f"{still_tag(file, seconds, side)}.jpg", make, is_wanted)

    async def stretch(
        self, file: MediaFile, start_seconds: float, end_seconds: float, *, is_wanted: Wanted
    ) -> Path:
        """A part of a video as MP4 that every browser plays.

        Args:
            file: a video.
            start_seconds: on its own clock.
            end_seconds: likewise.
            is_wanted: asked before it is made.

        Raises:
            GhostStreamError: as `still`.
        """

        async def make(path: Path, is_wanted: Wanted) -> None:
            await self._converter.call(
                convert,
                file,
                path,
                start_seconds,
                end_seconds,
                timeout_seconds=CONVERSION_TIMEOUT_SECONDS,
                is_wanted=is_wanted,
            )

        key = file.key(round(start_seconds, 3), round(end_seconds, 3))
        return await self._stretches.file(f"{key}.mp4", make, is_wanted)

    async def plays(self, file: MediaFile) -> bool:
        """Whether browsers play a file as it is.

        Raises:
            GhostStreamError: as `still`.
        """
        if file.path.suffix.lower() not in MEDIA_TYPES:
            return False
        key = file.key()
        if key not in self._plays:
            self._plays[key] = await self._worker.call(
                file_plays_in_browsers, file.path, timeout_seconds=STILL_TIMEOUT_SECONDS
            )
            if len(self._plays) > MAX_KNOWN:
                self._plays.popitem(last=False)
        return self._plays[key]


def still_tag(file: MediaFile, seconds: float, side: int) -> str:
    """Says which picture it is: the same of equal ones."""
    return file.key(round(seconds, 3), side)
