"""Queries: how they are written, and that they are looked at as the store was."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import quadrants, write_clip
from PIL import Image

from ghoststream.archive.schema import Recipe
from ghoststream.config import ArchiveConfig, make_config
from ghoststream.errors import (
    ConfigError,
    NotAVideo,
    SourceNotFound,
    StoreError,
    WeightsError,
)
from ghoststream.models import resolve_weights
from ghoststream.pipeline import build_event_pipeline
from ghoststream.runners.archive.run import recipe_of
from ghoststream.runners.local import embed
from ghoststream.runners.query import Lens, VideoMoment, VideoStretch, parse_moment, parse_stretch


@pytest.mark.parametrize(
    ("text", "path", "seconds"),
    [
        ("a.mp4@12.5", "a.mp4", 12.5),
        ("/x/me@home.mp4@0", "/x/me@home.mp4", 0.0),
        ("a b\n.mp4@.5", "a b\n.mp4", 0.5),
        ("a.ts@95443.717", "a.ts", 95443.717),
        ("a.mp4@-0.04", "a.mp4", -0.04),
        ("a.mp4@1e-05", "a.mp4", 1e-05),
    ],
)
def test_a_moment_is_a_video_and_a_time(text: str, path: str, seconds: float) -> None:
    assert parse_moment(text) == VideoMoment(path=Path(path), seconds=seconds)


@pytest.mark.parametrize("text", ["a.mp4", "a@b.mp4", "@12", "a.mp4@", "a.mp4@1:30", "a.mp4@nan"])
def test_what_is_no_moment_is_said(text: str) -> None:
    with pytest.raises(ConfigError, match="names no moment of a video; write VIDEO@SECONDS"):
        parse_moment(text)
    with pytest.raises(ConfigError, match="is no time of a video"):
        parse_moment("a.mp4@1e400")


@pytest.mark.parametrize(
    ("text", "path", "start", "end"),
    [
        ("a.mp4@10-15", "a.mp4", 10.0, 15.0),
        ("a@3-4@10.25-15.5", "a@3-4", 10.25, 15.5),
        ("a.mp4@-2--1", "a.mp4", -2.0, -1.0),
    ],
)
def test_a_stretch_is_a_video_and_two_times(text: str, path: str, start: float, end: float) -> None:
    expected = VideoStretch(path=Path(path), start_seconds=start, end_seconds=end)
    assert parse_stretch(text) == expected


def test_what_is_no_stretch_is_said() -> None:
    with pytest.raises(ConfigError, match=r"write VIDEO@START-END in seconds, such as clip\.mp4@1"):
        parse_stretch("a.mp4@10")
    with pytest.raises(ConfigError, match="is empty: it must end after it starts"):
        parse_stretch("a.mp4@15-15")


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    settings = {"weights": "bundled", "fps": 5, "pool": "max", "framing": "squash"}
    return recipe_of(build_event_pipeline(make_config(ArchiveConfig, settings)))


@pytest.fixture(scope="module")
def lens(recipe: Recipe) -> Lens:
    return Lens(recipe, "x.store")


def test_a_moment_has_the_vector_that_embedding_gives_its_frame(
    lens: Lens, sample_videos: Path
) -> None:
    video = sample_videos / "coffee.mp4"
    settings = {"fps": 1, "framing": "squash", "weights": "bundled"}
    embeddings = list(embed(video, **settings))[1:3]
    for embedding in embeddings:
        found = lens.moment(VideoMoment(path=video, seconds=float(embedding.span.start)))
        assert _cosine(found, embedding.vector) > 0.9999


def test_a_stretch_is_sampled_and_pooled_as_the_store_was(lens: Lens, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=50, size=(320, 180))
    embeddings = embed(clip, fps=5, framing="squash", weights="bundled")
    within = [e.vector for e in embeddings if Fraction(3, 5) <= e.span.start < Fraction(8, 5)]
    assert len(within) == 5
    found = lens.stretch(VideoStretch(path=clip, start_seconds=0.6, end_seconds=1.6))
    assert _cosine(found, np.max(within, axis=0)) > 0.9999


def test_a_picture_is_framed_as_the_store_wants_it(lens: Lens, tmp_path: Path) -> None:
    wide = quadrants(size=(640, 160))
    Image.fromarray(wide).save(tmp_path / "wide.png")
    squashed = Image.fromarray(wide).resize((224, 224), Image.Resampling.BICUBIC)
    squashed.save(tmp_path / "square.png")
    found, same = (lens.picture(tmp_path / f"{name}.png") for name in ("wide", "square"))
    assert _cosine(found, same) > 0.99


def test_a_picture_that_is_missing_or_broken_is_said(lens: Lens, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match=r"none\.jpg: there is no such file"):
        lens.picture(tmp_path / "none.jpg")
    Image.fromarray(quadrants(size=(320, 240))).save(tmp_path / "q.jpg")
    data = (tmp_path / "q.jpg").read_bytes()
    for damaged in (b"no picture", data[: len(data) // 3]):
        (tmp_path / "q.jpg").write_bytes(damaged)
        with pytest.raises(NotAVideo, match=r"q\.jpg: it cannot be decoded as a picture"):
            lens.picture(tmp_path / "q.jpg")


def test_other_weights_are_refused(recipe: Recipe, sample_videos: Path, tmp_path: Path) -> None:
    moment = VideoMoment(path=sample_videos / "cat.mp4", seconds=1)
    other = replace(recipe, weights_sha256="ab" * 32)
    with pytest.raises(WeightsError, match=r"x\.store was made with .* abababababab, bundled has"):
        Lens(other, "x.store").moment(moment)
    with pytest.raises(WeightsError, match="give the file of those weights with --weights"):
        Lens(other, "x.store", weights="bundled").moment(moment)


def test_weights_in_a_file_of_any_name_will_do(recipe: Recipe, tmp_path: Path) -> None:
    copy = tmp_path / "mine.safetensors"
    copy.write_bytes(resolve_weights("ghostnet_100", "bundled").path.read_bytes())
    Image.fromarray(quadrants()).save(tmp_path / "q.png")
    assert Lens(recipe, "x.store", weights=copy).picture(tmp_path / "q.png").shape == (1280,)


def test_another_preprocessing_is_refused(recipe: Recipe, sample_videos: Path) -> None:
    other = replace(recipe, preprocessing={**recipe.preprocessing, "crop": 0.9})
    with pytest.raises(StoreError, match=r"x\.store was made with crop 0\.9, and this .* 0\.875"):
        Lens(other, "x.store").moment(VideoMoment(path=sample_videos / "cat.mp4", seconds=1))


def test_pooling_that_a_head_has_learnt_is_not_in_the_store(
    recipe: Recipe, sample_videos: Path
) -> None:
    learnt = replace(recipe, configuration={**recipe.configuration, "pool": "attention"})
    lens, cat = Lens(learnt, "x.store"), sample_videos / "cat.mp4"
    with pytest.raises(ConfigError, match=r"x\.store are pooled by attention, which its head has"):
        lens.stretch(VideoStretch(path=cat, start_seconds=1, end_seconds=2))
    assert lens.moment(VideoMoment(path=cat, seconds=1)).shape == (1280,)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
