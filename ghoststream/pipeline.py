"""Settings and components, put together: the only module that knows both.

pipeline = build_event_pipeline(RunConfig(fps=2))
for record in pipeline.records(pipeline.frames.samples(stream), source="clip.mp4"): ...
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np

from ghoststream.config import (
    SAMPLINGS,
    AnalysisConfig,
    EmbedConfig,
    EventConfig,
    ModelConfig,
    SamplingConfig,
    configuration_sha256,
    deciding_settings,
)
from ghoststream.embedding import contrast, embed
from ghoststream.errors import ConfigError, HeadError
from ghoststream.events import Debouncer, EventRules, debounce
from ghoststream.heads import LinearHead, Training, check_head, load_head, predict
from ghoststream.models import Runtime, imagenet_labels, load_runtime, resolve_weights
from ghoststream.pooling import POOLINGS, Pooling, attention, pool
from ghoststream.sampling import AtFps, EveryFrame, Keyframes, PartOf, Stride
from ghoststream.sources import Stream
from ghoststream.types import (
    Clip,
    Embedding,
    Event,
    Finding,
    Frame,
    Header,
    NamedClip,
    Prediction,
    Record,
    Sample,
    SampledFrame,
    Sampling,
    StreamInfo,
)
from ghoststream.video.sample import samples_of
from ghoststream.windows import Windower, windows

Item = TypeVar("Item")
C = TypeVar("C", bound=AnalysisConfig)
M = TypeVar("M", bound=ModelConfig)

Watch: TypeAlias = Callable[[Sample], None]
"""Told of each sample that the network looks at."""
Show: TypeAlias = Callable[[Frame], None]
"""Told of each frame of a stream, sampled or not."""

YIELDS_TO: dict[str, tuple[str, ...]] = {
    "fps": SAMPLINGS,
    "framing": ("framing",),
    "window": ("window",),
    "hop": ("window", "hop"),
    "enter": ("enter", "leave"),
    "leave": ("enter", "leave"),
}
"""What a head brings along, and the settings of which none may be chosen for it to count."""

FILE_BATCH = 16
LIVE_BATCH = 1
FILE_BATCHES = 4
"""Under way at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePipeline:
    """Streams to samples, and samples to embeddings."""

    config: EmbedConfig | AnalysisConfig
    runtime: Runtime
    sampling: Sampling
    notice: str | None = None
    """About the weights: one line for the user."""

    def samples(self, stream: Stream) -> Iterator[Sample]:
        """What the network is to look at of a stream that was just opened."""
        return stream.samples(self.sampling, self.runtime.preprocessing.prepare)

    def part(self, stream: Stream, numbers: range) -> Iterator[Sample]:
        """Some of the samples, by their number among all of them."""
        sampling = PartOf(sampling=self.sampling, first=numbers.start, stop=numbers.stop)
        return stream.samples(sampling, self.runtime.preprocessing.prepare)

    def parts(self, samples: int, at_most: int) -> tuple[range, ...]:
        """Cuts so many samples of a file into parts of about one length.

        Each part makes up whole batches: in other company, the last bits of a vector may differ.
        """
        batch = self.config.batch or FILE_BATCH
        batches = -(-samples // batch)
        size = batch * -(-batches // max(1, at_most))
        return tuple(range(start, min(start + size, samples)) for start in range(0, samples, size))

    def samples_of(self, frames: Iterable[Frame], *, show: Show) -> Iterator[Sample]:
        """The same of frames that are decoded anyway.

        Args:
            frames: of one stream, in order.
            show: told of each of them, sampled or not.
        """
        prepare = self.runtime.preprocessing.prepare
        return samples_of(watched(frames, show), self.sampling, prepare)

    def embeddings(
        self, samples: Iterable[Sample], *, is_live: bool = False, watch: Watch | None = None
    ) -> Iterator[Embedding]:
        """Embeds samples.

        Args:
            samples: of one stream, in order.
            is_live: a live source is not kept waiting for a batch to fill.
            watch: told of each sample.
        """
        return embed(
            watched(samples, watch) if watch else samples,
            forward=self.runtime.embed,
            batch=self.config.batch or (LIVE_BATCH if is_live else FILE_BATCH),
            under_way=1 if is_live else FILE_BATCHES,
        )

    def sampled_frames(
        self, samples: Iterable[Sample], *, watch: Watch | None = None
    ) -> Iterator[SampledFrame]:
        """Embeds the samples of a file, and says of each how much there was to see."""
        contrasts: deque[float] = deque()
        seen = watched(samples, lambda sample: contrasts.append(contrast(sample.pixels)))
        for embedding in self.embeddings(seen, watch=watch):
            yield SampledFrame(embedding=embedding, contrast=contrasts.popleft())

    def header(
        self, source: str, stream: StreamInfo, settings: Mapping[str, object] | None = None
    ) -> Header:
        """Where the results come from.

        Args:
            source: its name, without passwords.
            stream: what is known of it.
            settings: that decided the results, where they are not those of the pipeline.
        """
        settings = deciding_settings(self.config) if settings is None else settings
        return Header(
            source=source,
            stream=stream,
            model=self.runtime.info,
            configuration=settings,
            configuration_sha256=configuration_sha256(settings),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPipeline:
    """Samples to predictions and events."""

    config: AnalysisConfig
    frames: FramePipeline
    head: LinearHead

    def predictions(
        self, samples: Iterable[Sample], *, is_live: bool = False, watch: Watch | None = None
    ) -> Iterator[Prediction]:
        """Names each clip; see `FramePipeline.embeddings` for the arguments."""
        embeddings = self.frames.embeddings(samples, is_live=is_live, watch=watch)
        return self._named(self._pooled(embeddings))

    def records(
        self,
        samples: Iterable[Sample],
        *,
        source: str,
        is_live: bool = False,
        watch: Watch | None = None,
    ) -> Iterator[Record]:
        """Predictions, each followed by the events that it causes."""
        predictions = self.predictions(samples, is_live=is_live, watch=watch)
        return debounce(predictions, rules=rules_of(self.config, self.head), source=source)

    def watch(self, *, source: str) -> "Watching":
        """Results of a live source, whose frames are embedded together with those of others.

        Args:
            source: part of each event's id.
        """
        return Watching(pipeline=self, source=source)

    def findings(self, frames: Iterable[SampledFrame], *, source: str) -> Iterator[Finding]:
        """All that an archive keeps of a video: its frames, its clips, and the events they cause.

        Args:
            frames: in order of time.
            source: part of each event's id.
        """
        seen: deque[SampledFrame] = deque()
        pooled: deque[Embedding] = deque()
        embeddings = (frame.embedding for frame in watched(frames, seen.append))
        named = self._named(watched(self._pooled(embeddings), pooled.append))
        for record in debounce(named, rules=rules_of(self.config, self.head), source=source):
            yield from _emptied(seen)
            if isinstance(record, Event):
                yield record
            else:
                yield NamedClip(embedding=pooled.popleft(), prediction=record)
        yield from _emptied(seen)

    def _pooled(self, embeddings: Iterable[Embedding]) -> Iterator[Embedding]:
        config = self.config
        clips = windows(embeddings, window_seconds=config.window, hop_seconds=config.hop)
        return pool(clips, pooling=pooling_of(self.head))

    def _named(self, pooled: Iterable[Embedding]) -> Iterator[Prediction]:
        config = self.config
        return predict(pooled, head=self.head, top_k=config.top_k, floor=config.leave)


class Watching:
    """One segment of a live source, to which its frames come one by one."""

    def __init__(self, *, pipeline: EventPipeline, source: str) -> None:
        config = pipeline.config
        self._pipeline = pipeline
        self._windower = Windower(window_seconds=config.window, hop_seconds=config.hop)
        self._debouncer = Debouncer(rules=rules_of(config, pipeline.head), source=source)

    def update(self, embedding: Embedding) -> Iterator[Record]:
        """Predictions of the clips that end before a frame, each followed by its events."""
        yield from self._records(self._windower.update(embedding))

    def finish(self) -> Iterator[Record]:
        """The last clip, and the ends of all events."""
        yield from self._records(self._windower.finish())
        yield from self._debouncer.finish()

    def _records(self, clips: Iterable[Clip]) -> Iterator[Record]:
        pipeline = self._pipeline
        pooled = pool(clips, pooling=pooling_of(pipeline.head))
        for prediction in pipeline._named(pooled):
            yield prediction
            yield from self._debouncer.update(prediction)


def build_frame_pipeline(
    config: EmbedConfig | AnalysisConfig, *, threads: int = 0
) -> FramePipeline:
    """Loads the network.

    Args:
        config: which one, and what it is to look at.
        threads: of the processor; 0 takes as many as there are cores.

    Raises:
        ConfigError: settings that do not hold together, or a device that is not there.
        WeightsError: weights that are missing or unusable.
    """
    weights = resolve_weights(config.model, config.weights)
    framed = replace(weights.preprocessing, framing=config.framing)
    runtime = load_runtime(
        config.model,
        replace(weights, preprocessing=framed),
        config.device,
        config.precision,
        threads=threads,
    )
    return FramePipeline(
        config=config, runtime=runtime, sampling=sampling_of(config), notice=weights.notice
    )


def build_event_pipeline(config: AnalysisConfig, *, threads: int = 0) -> EventPipeline:
    """Loads the network and the head; arguments as `build_frame_pipeline`.

    Raises:
        ConfigError, WeightsError: as `build_frame_pipeline`.
        HeadError: a head that is damaged or does not fit.
    """
    frames = build_frame_pipeline(config, threads=threads)
    head = _head(config, frames.runtime)
    notices = [line for line in (frames.notice, _difference(config, head)) if line is not None]
    frames = replace(frames, notice="; ".join(notices) or None)
    return EventPipeline(config=config, frames=frames, head=head)


def with_settings_of_head(config: C) -> C:
    """Settings that nobody chose become those that the head was trained with.

    Raises:
        HeadError: the head cannot be read, or lacks the network that it was trained with.
    """
    if config.head is None:
        return config
    head = load_head(config.head)
    config = with_backbone_of_head(config, head, config.head)
    training = head.training
    if training is None:
        return config
    trained = {
        **_trained_clips(training),
        "hop": training.window / 2,
        "enter": training.enter,
        "leave": training.leave,
    }
    free = [name for name in trained if config.model_fields_set.isdisjoint(YIELDS_TO[name])]
    return config.model_copy(update={name: trained[name] for name in free})


def with_backbone_of_head(config: M, head: LinearHead, path: Path) -> M:
    """Weights that nobody chose become those that learnt together with the head.

    Args:
        config: settings.
        head: as loaded.
        path: of its file, beside which the weights lie.

    Raises:
        HeadError: they are not there, or are others.
        WeightsError: they are damaged, or of another network than was chosen.
    """
    if head.backbone is None or config.weights != "auto":
        return config
    file = path.parent / head.backbone.file
    if not file.is_file():
        raise HeadError(
            f"the head {str(path)!r} has a network of its own, and its file {head.backbone.file!r} "
            "is not beside it; put it there, or name it with --weights"
        )
    model = config.model if "model" in config.model_fields_set else head.backbone.model
    if resolve_weights(model, file).sha256 != head.backbone_sha256:
        raise HeadError(
            f"{str(file)!r} is not the network that the head {str(path)!r} was trained with; put "
            "that one beside it, or train it again"
        )
    return config.model_copy(update={"model": model, "weights": str(file)})


def _trained_clips(training: Training) -> dict[str, object]:
    return {
        "fps": training.fps,
        "framing": training.framing,
        "window": training.window,
    }


def _difference(config: AnalysisConfig, head: LinearHead) -> str | None:
    """Where clips are made in another way than those that the head was trained on."""
    if head.training is None:
        return None
    trained = _trained_clips(head.training)
    names = [name for name in trained if getattr(config, name) != trained[name]]
    if not names:
        return None
    wanted = ", ".join(f"{name} {trained[name]}" for name in names)
    return f"the head was trained with {wanted}; with other settings its names are worse"


def rules_of(config: EventConfig, head: LinearHead) -> EventRules:
    """When events begin and end, and of which labels there are none."""
    return EventRules(
        enter=config.enter,
        leave=config.leave,
        min_duration_seconds=config.min_duration,
        gap_seconds=config.gap,
        untold=_untold(head),
    )


def _untold(head: LinearHead) -> frozenset[str]:
    background = None if head.training is None else head.training.background
    return frozenset() if background is None else frozenset({background})


def sampling_of(config: SamplingConfig) -> Sampling:
    """The sampling that the settings ask for.

    Raises:
        ConfigError: a rate that makes no sense.
    """
    if config.stride is not None:
        return Stride(step=config.stride)
    if config.keyframes:
        return Keyframes()
    return EveryFrame() if config.fps is None else AtFps(rate=config.fps)


def _head(config: AnalysisConfig, runtime: Runtime) -> LinearHead:
    if config.head is None:
        return _own_classifier(config, runtime)
    head = load_head(config.head)
    check_head(
        head,
        features=pooled_features(head, runtime.num_features),
        pooling=config.pool or head.pooling,
        backbone_sha256=runtime.info.sha256,
    )
    return head


def pooling_of(head: LinearHead) -> Pooling:
    """How clips are pooled for a head.

    Raises:
        HeadError: in a way that is not known here.
    """
    if head.query is not None:
        return attention(head.query)
    if head.pooling not in POOLINGS:
        raise HeadError(
            f"the head was trained on pool {head.pooling!r}; there are {', '.join(POOLINGS)}"
        )
    return POOLINGS[head.pooling]


def pooled_features(head: LinearHead, features: int) -> int:
    """Numbers in the vector of a clip, where that of a frame has so many."""
    if head.query is not None:
        return 2 * features
    return len(pooling_of(head)(np.zeros((1, features), np.float32)))


def _own_classifier(config: AnalysisConfig, runtime: Runtime) -> LinearHead:
    if config.pool in ("mean_std", "mean_change"):
        raise ConfigError(
            f"the network's own classifier takes one vector a clip, and pool {config.pool!r} gives "
            "two side by side; choose mean, max or gem, or a head that was trained on it"
        )
    weight, bias = runtime.classifier()
    return LinearHead(
        weight=weight,
        bias=bias,
        labels=imagenet_labels(),
        pooling=config.pool or "mean",
        backbone_sha256=runtime.info.sha256,
    )


def _emptied(items: deque[Item]) -> Iterator[Item]:
    while items:
        yield items.popleft()


def watched(items: Iterable[Item], watch: Callable[[Item], None]) -> Iterator[Item]:
    """Passes items on, and tells `watch` of each."""
    for item in items:
        watch(item)
        yield item
