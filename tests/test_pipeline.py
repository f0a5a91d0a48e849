"""Settings meet components."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import quadrants, write_clip

from ghoststream.config import EmbedConfig, RunConfig, make_config
from ghoststream.errors import ConfigError, HeadError
from ghoststream.events import debounce
from ghoststream.heads import LinearHead, save_head
from ghoststream.models import resolve_weights
from ghoststream.pipeline import (
    build_event_pipeline,
    build_frame_pipeline,
    rules_of,
    sampling_of,
)
from ghoststream.sources import open_sources
from ghoststream.types import Embedding, Event, NamedClip, Prediction, SampledFrame, TimeSpan


@pytest.mark.parametrize(
    ("settings", "description"),
    [
        ({}, "fps 4"),
        ({"fps": 2}, "fps 2"),
        ({"fps": 0.5}, "fps 1/2"),
        ({"fps": "29.97"}, "fps 2997/100"),
        ({"fps": "30000/1001"}, "fps 30000/1001"),
        ({"stride": 3}, "stride 3"),
        ({"every_frame": True}, "every frame"),
        ({"keyframes": True}, "keyframes"),
    ],
)
def test_the_sampling_that_was_asked_for(settings: dict[str, object], description: str) -> None:
    assert sampling_of(make_config(EmbedConfig, settings)).describe() == description


def own_head(path: Path, *, pooling: str = "mean", features: int = 1280) -> Path:
    """Says `busy` of everything."""
    head = LinearHead(
        weight=np.zeros((2, features), dtype=np.float32),
        bias=np.array([3, 0], dtype=np.float32),
        labels=("busy", "calm"),
        pooling=pooling,
        backbone_sha256=resolve_weights("ghostnet_100", "bundled").sha256,
    )
    save_head(head, path)
    return path


def config_of(**settings: object) -> RunConfig:
    return make_config(RunConfig, {"weights": "bundled", **settings})


def test_a_head_of_ones_own_names_the_clips(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=75, picture=quadrants)
    (source,) = open_sources(str(clip))
    pipeline = build_event_pipeline(
        config_of(head=own_head(tmp_path / "h.safetensors"), window=1, hop=1, top_k=1)
    )
    with source.open() as stream:
        records = list(pipeline.records(pipeline.frames.samples(stream), source="a"))
    predictions = [r for r in records if isinstance(r, Prediction)]
    events = [r for r in records if isinstance(r, Event)]
    assert [(p.span.start, p.labels[0].label) for p in predictions] == [
        (0, "busy"),
        (1, "busy"),
        (2, "busy"),
    ]
    assert [(e.type, e.after.frame_time) for e in events] == [
        ("new", 1),
        ("end", Fraction(70, 25)),
    ]


def test_a_head_brings_its_pooling_along(tmp_path: Path) -> None:
    head = own_head(tmp_path / "h.safetensors", pooling="mean_std", features=2560)
    assert build_event_pipeline(config_of(head=head)).head.pooling == "mean_std"
    with pytest.raises(HeadError, match="trained on pool 'mean_std', not 'max'"):
        build_event_pipeline(config_of(head=head, pool="max"))


def test_heads_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(HeadError, match="takes vectors of 7 numbers"):
        build_event_pipeline(config_of(head=own_head(tmp_path / "a", features=7)))
    with pytest.raises(HeadError, match="trained on pool 'median'; there are mean, max"):
        build_event_pipeline(config_of(head=own_head(tmp_path / "b", pooling="median")))
    with pytest.raises(ConfigError, match="the network's own classifier takes one vector"):
        build_event_pipeline(config_of(pool="mean_std"))


def test_the_header_says_what_made_the_results(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=2)
    pipeline = build_frame_pipeline(make_config(EmbedConfig, {"weights": "bundled", "fps": 2}))
    (source,) = open_sources(str(clip))
    with source.open() as stream:
        header = pipeline.header(source.name, stream.info)
    assert header.source == str(clip)
    assert header.model.name == "ghostnet_100"
    assert header.model.sha256 == resolve_weights("ghostnet_100", "bundled").sha256
    assert header.configuration["fps"] == "2"


def test_findings_are_frames_clips_and_events_as_they_come(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=75, picture=quadrants)
    (source,) = open_sources(str(clip))
    pipeline = build_event_pipeline(
        config_of(head=own_head(tmp_path / "h.safetensors"), window=1, hop=1, top_k=1, fps=2)
    )
    with source.open() as stream:
        frames = pipeline.frames.sampled_frames(pipeline.frames.samples(stream))
        findings = list(pipeline.findings(frames, source="a"))
    with source.open() as stream:
        records = list(pipeline.records(pipeline.frames.samples(stream), source="a"))

    seen = [f for f in findings if isinstance(f, SampledFrame)]
    assert [f.embedding.span.start for f in seen] == [
        Fraction(k, 25) for k in (0, 13, 25, 38, 50, 63)
    ]
    assert all(f.contrast > 30 for f in seen)
    told = [f.prediction if isinstance(f, NamedClip) else f for f in findings if f not in seen]
    assert told == records
    clips = [f for f in findings if isinstance(f, NamedClip)]
    assert [f.embedding.span for f in clips] == [f.prediction.span for f in clips]
    mean = np.mean([f.embedding.vector for f in seen[:2]], axis=0)
    np.testing.assert_array_equal(clips[0].embedding.vector, mean)
    # The first clip is named once the next one has begun, and its frames come before it.
    assert findings.index(clips[0]) == 3


def test_watching_frame_by_frame_gives_what_a_whole_stream_gives() -> None:
    pipeline = build_event_pipeline(config_of(window=1, hop="0.5", enter=0.002, leave=0.001))
    rng = np.random.default_rng(4)
    embeddings = [
        Embedding(
            span=TimeSpan(start=Fraction(i, 4), end=Fraction(i + 1, 4)),
            vector=rng.random(1280, np.float32),
        )
        for i in range(12)
    ]
    watching = pipeline.watch(source="cam")
    pushed = [list(watching.update(embedding)) for embedding in embeddings]
    rules = rules_of(pipeline.config, pipeline.head)
    pulled = debounce(pipeline._named(pipeline._pooled(embeddings)), rules=rules, source="cam")
    assert [*(r for records in pushed for r in records), *watching.finish()] == list(pulled)
    assert [bool(records) for records in pushed[:5]] == [False, False, False, False, True]
