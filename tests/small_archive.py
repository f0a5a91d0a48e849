"""Small stores of real videos, for the tests of what looks at them: made in this process.

store = store_of(tmp_path / "x.store", archive, fps=2)
"""

import threading
from pathlib import Path

from ghoststream.archive.schema import schemas
from ghoststream.archive.writer import open_writer
from ghoststream.config import ArchiveConfig, make_config
from ghoststream.pipeline import build_event_pipeline
from ghoststream.runners.archive.analysis import Began, Ended, Findings, Order, make_analysis
from ghoststream.runners.archive.gathering import Gathering
from ghoststream.runners.archive.run import recipe_of
from ghoststream.sources.archive import find_files


def store_of(address: Path, archive: Path, **settings: object) -> Path:
    """Stores all videos of a directory, as `ghoststream embed` does, with the bundled weights."""
    config = make_config(ArchiveConfig, {"weights": "bundled", **settings})
    recipe = recipe_of(build_event_pipeline(config))
    work = make_analysis(config, 1)
    videos = []
    for file in find_files([archive]).files:
        gathering = Gathering(Order(file=file), schemas(recipe), None)

        def take(message: object, gathering: Gathering = gathering) -> None:
            if isinstance(message, Began):
                gathering.begin(message.header, message.content_sha256)
            elif isinstance(message, Findings):
                gathering.add(message.findings)
            elif isinstance(message, Ended):
                videos.append(gathering.end(message))

        work(Order(file=file), take, threading.Event())
    with open_writer(address, recipe) as writer:
        writer.append(videos)
    return address
