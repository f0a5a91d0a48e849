"""What the frozen layers say of all clips, on the disk: it may be more than the memory holds.

with closing(FeatureFile()) as file:
    file.append(7, features)  # T x V x C x H x W
    file.window(7, view=2)  # T x C x H x W
"""

import tempfile

import numpy as np
from numpy.typing import NDArray

from ghoststream.errors import WeightsError


class FeatureFile:
    """Features of windows in half precision, by number, in a file without a name: whatever ends the
    process, nothing of it stays behind.

    Raises:
        OSError: there is no room for temporary files.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="ghoststream-")  # noqa: SIM115  # until `close`
        self._places: dict[int, slice] = {}
        self._length = 0
        self._shape: tuple[int, ...] = ()
        self._rows: NDArray[np.float16] | None = None

    def close(self) -> None:
        """Lets go of the file, which is gone with that."""
        self._rows = None
        self._file.close()

    def append(self, number: int, features: NDArray[np.float32]) -> None:
        """Adds a window.

        Args:
            number: of the window.
            features: T frames x V views x anything; only T may differ between windows.

        Raises:
            WeightsError: numbers that half precision does not hold.
            OSError: a full disk.
        """
        with np.errstate(over="ignore"):
            halves = features.astype(np.float16)
        if not np.isfinite(halves).all():
            raise WeightsError(
                "the network's features are too large to be kept in half precision; choose other "
                "weights, or another network"
            )
        # Not through a map: on a full disk, writing to one ends the process without a word.
        self._file.write(halves.tobytes())
        self._file.flush()
        self._places[number] = slice(self._length, self._length + len(halves))
        self._rows, self._shape = None, halves.shape[1:]
        self._length += len(halves)

    def frames(self, number: int) -> int:
        """How many a window has."""
        place = self._places[number]
        return int(place.stop - place.start)

    def window(self, number: int, *, view: int) -> NDArray[np.float16]:
        """One version of a window, T x C x H x W."""
        if self._rows is None:
            shape = (self._length, *self._shape)
            self._rows = np.memmap(self._file, dtype=np.float16, mode="r", shape=shape)
        return np.array(self._rows[self._places[number], view])
