"""Where embeddings of labelled videos are kept, and what of a store can be used."""

import os
import signal
import threading
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from clips import noise, quadrants, write_clip
from stores import RECIPE, make_store, video

from ghoststream.archive.store import open_store
from ghoststream.config import (
    ArchiveConfig,
    EvaluateConfig,
    TrainConfig,
    deciding_settings,
    make_config,
)
from ghoststream.errors import StoreError, WeightsError
from ghoststream.models import resolve_weights
from ghoststream.pipeline import build_frame_pipeline
from ghoststream.runners.archive.analysis import Order, make_analysis
from ghoststream.runners.archive.run import run_archive
from ghoststream.runners.crew import Send, Work
from ghoststream.runners.train import store as training_store
from ghoststream.runners.train.features import labelled_clips, read_features
from ghoststream.runners.train.store import Place, fill, find_place
from ghoststream.video.moment import samples_between


def place_of(data: Path, **settings: object) -> Place:
    values = {"data": data, "weights": "bundled", "workers": 1, **settings}
    config = make_config(TrainConfig, values)
    return find_place(config, fps=config.fps, framing=config.framing)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for label, picture in (("a", quadrants), ("b", noise)):
        (folder / label).mkdir()
        for number in range(2):
            write_clip(
                folder / label / f"{number}.mp4",
                frames=6, rate=Fraction(30000, 1001), size=(64 + 2 * number, 48), picture=picture,
            )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def store(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "archive.store"
    fill(place_of(data, fps=15, store=str(path)), list(data.rglob("*.mp4")), progress=told)
    return path


def told(done: int, of: int) -> None:
    assert 0 <= done <= of


def foreign(path: Path, **configuration: object) -> str:
    """A store of none of the videos at hand."""
    settings = {**deciding_settings(ArchiveConfig()), "pool": "mean", **configuration}
    make_store(path, {"a": video([[1]])}, recipe=replace(RECIPE, configuration=settings))
    return str(path)


@pytest.fixture
def never_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(training_store, "run_archive", refuse)


def test_each_recipe_has_a_store_of_its_own_in_the_cache(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHOSTSTREAM_CACHE", str(tmp_path))
    places = [
        place_of(data),
        place_of(data, fps=4),
        place_of(data, framing="pad"),
        place_of(data, precision="fp32"),
    ]
    stores = {Path(place.config.store) for place in places}
    assert len(stores) == 4
    assert {store.parent for store in stores} == {tmp_path / "training"}
    assert place_of(data, batch=4, workers=2, retry_failed=True).config.store in map(str, stores)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("never_filled")
def test_a_store_that_somebody_made_is_trained_from_as_it_is(data: Path, store: Path) -> None:
    place = place_of(data, store=str(store))
    assert (place.fps, place.framing) == (15, "center")
    assert place.weights_sha256 == resolve_weights("ghostnet_100", "bundled").sha256
    features = read_features(labelled_clips(data), place)
    assert features.lost == features.notices == ()
    assert [len(clip.embeddings) for clip in features.clips] == [3] * 4
    times = [embedding.span.start for embedding in features.clips[0].embeddings]
    assert times == [0, Fraction(1001, 15000), Fraction(1001, 7500)]


@pytest.mark.usefixtures("never_filled")
def test_a_span_is_what_a_decoder_gives_of_it(data: Path, store: Path, tmp_path: Path) -> None:
    table = tmp_path / "spans.csv"
    start, end = float(Fraction(1001, 15000)), 0.1
    table.write_text(f"path,label,start,end\n{data}/b/0.mp4,b,{start},{end}\n{data}/b/0.mp4,a,9,\n")
    place = place_of(table, store=str(store))
    features = read_features(labelled_clips(table), place)
    (lost,) = features.lost
    assert lost.endswith("0.mp4: nothing between 9 s and its end is looked at; give a longer span")
    (clip,) = features.clips
    pipeline = build_frame_pipeline(place.config)
    samples = samples_between(
        data / "b" / "0.mp4", start, end,
        sampling=pipeline.sampling, prepare=pipeline.runtime.preprocessing.prepare,
    )  # fmt: skip
    (wanted,) = pipeline.embeddings(samples)
    (found,) = clip.embeddings
    assert found.span == wanted.span
    np.testing.assert_allclose(found.vector, wanted.vector, rtol=2e-2, atol=2e-2)


@pytest.mark.usefixtures("never_filled")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fps": 8}, "was made with fps 15, not with fps 8; leave that to the store, or give"),
        ({"framing": "pad"}, "was made with framing center, not with framing pad"),
        ({"model": "ghostnetv2_100"}, "with model ghostnet_100, not with model ghostnetv2_100"),
    ],
)
def test_what_a_store_has_otherwise_is_refused(
    data: Path, store: Path, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        place_of(data, store=str(store), **settings)


def test_a_head_is_asked_at_the_rate_that_it_was_trained_at(data: Path, store: Path) -> None:
    values = {"data": data, "head": data / "head", "store": str(store)}
    config = make_config(EvaluateConfig, values)
    assert find_place(config, fps=Fraction(15), framing="center").fps == 15
    with pytest.raises(StoreError, match="was made with fps 15, not with fps 4"):
        find_place(config, fps=Fraction(4), framing="center")


@pytest.mark.usefixtures("never_filled")
def test_a_store_without_a_rate_is_refused(data: Path, tmp_path: Path) -> None:
    address = foreign(tmp_path / "s", fps=None, keyframes=True)
    with pytest.raises(StoreError, match="does not look at so many frames a second"):
        place_of(data, store=address)


@pytest.mark.usefixtures("never_filled")
def test_a_store_whose_head_or_weights_are_not_at_hand_cannot_be_added_to(
    data: Path, tmp_path: Path
) -> None:
    examples = labelled_clips(data)
    place = place_of(data, weights="auto", store=foreign(tmp_path / "head", head="ab" * 32))
    with pytest.raises(StoreError, match="add them with ghoststream label --head"):
        read_features(examples, place)
    address = foreign(tmp_path / "weights")
    with pytest.raises(WeightsError, match="whose sha256 begins with abababababab"):
        read_features(examples, place_of(data, weights="auto", store=address))
    with pytest.raises(WeightsError, match="was made with weights of ghostnet_100 whose sha256"):
        place_of(data, weights="bundled", store=address)


@pytest.mark.slow
def test_a_file_under_another_path_is_known_by_its_content(
    data: Path, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(data)
    table = tmp_path / "clips.csv"
    table.write_text("path,label,start,end,group\nlink/b/0.mp4,a,,0.1,g\nlink/a/0.mp4,b,,0.1,h\n")
    features = read_features(labelled_clips(table), place_of(table, store=str(store)))
    assert [len(clip.embeddings) for clip in features.clips] == [2, 2]
    assert open_store(store).videos().num_rows == 6


def make_dangerous(config: ArchiveConfig, threads: int) -> Work[Order]:
    work = make_analysis(config, threads)

    def dangerous(order: Order, send: Send, stop: threading.Event) -> None:
        if order.file.path.name == "1.mp4":
            os.kill(os.getpid(), signal.SIGSEGV)
        work(order, send, stop)

    return dangerous


@pytest.mark.slow
def test_a_video_that_crashes_the_decoder_costs_its_clip_only(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        training_store, "run_archive", partial(run_archive, make_work=make_dangerous)
    )
    place = place_of(data, store=str(tmp_path / "s"))
    features = read_features(labelled_clips(data), place)
    assert [clip.example.path.name for clip in features.clips] == ["0.mp4"] * 2
    assert [line.split("mp4: ")[0] for line in features.lost] == [f"{data}/a/1.", f"{data}/b/1."]
    assert all("ended by SIGSEGV" in line for line in features.lost)

    monkeypatch.undo()
    place = place_of(data, store=str(tmp_path / "s"))
    assert read_features(labelled_clips(data), place).lost == features.lost
    retried = place_of(data, store=str(tmp_path / "s"), retry_failed=True)
    assert read_features(labelled_clips(data), retried).lost == ()
