"""GhostStream: from any video to events with exact times.

import ghoststream

for event in ghoststream.run("clip.mp4"):
    print(event.type, event.after.label, float(event.after.start_time))
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ghoststream.version import __version__

if TYPE_CHECKING:
    from ghoststream.runners.live.watch import watch
    from ghoststream.runners.local import classify, embed, run
    from ghoststream.runners.search import open_store
    from ghoststream.sources import open_sources

__all__ = ["__version__", "classify", "embed", "open_sources", "open_store", "run", "watch"]

# Imported when first used, so that importing the package costs nothing.
_HOMES = {
    "classify": "runners.local",
    "embed": "runners.local",
    "open_sources": "sources",
    "open_store": "runners.search",
    "run": "runners.local",
    "watch": "runners.live.watch",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
