"""A job without a network, that any process can import: names each frame after its source."""

from collections.abc import Iterator

from ghoststream.pipeline import Watch
from ghoststream.runners.local import Job
from ghoststream.sampling import EveryFrame
from ghoststream.sources import Source, Stream
from ghoststream.types import (
    Frame,
    Header,
    Label,
    ModelInfo,
    Prediction,
    Record,
    Sample,
    StreamInfo,
)


def make_header(source: str, stream: StreamInfo) -> Header:
    model = ModelInfo(name="none", weights="none", sha256="0" * 64, runtime="none")
    return Header(
        source=source, stream=stream, model=model, configuration={}, configuration_sha256=""
    )


def every_frame(stream: Stream, source: Source) -> Iterator[Sample]:
    return stream.samples(EveryFrame(), Frame.rgb)


def predictions(samples: Iterator[Sample], source: Source, watch: Watch) -> Iterator[Record]:
    for sample in samples:
        watch(sample)
        label = Label(label=source.name, label_id=0, score=1.0)
        yield Prediction(span=sample.span, labels=(label,))


def make_job() -> Job[Record]:
    return Job(header=make_header, samples=every_frame, items=predictions)
