"""Fine-tuning from clips to files, and heads that bring a network of their own."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from clips import Rgb, grey, quadrants, write_clip
from safetensors import safe_open

from ghoststream.cli import main
from ghoststream.config import EvaluateConfig, RunConfig, TrainConfig, make_config
from ghoststream.errors import DataError, HeadError, WeightsError
from ghoststream.heads import LinearHead, OwnBackbone, load_head, save_head
from ghoststream.models.checkpoint import save_checkpoint
from ghoststream.models.factory import create_model
from ghoststream.models.weights import resolve_weights
from ghoststream.pipeline import with_settings_of_head
from ghoststream.runners.local import run
from ghoststream.runners.train.evaluation import evaluate
from ghoststream.runners.train.run import Say, Trained, network_path, train
from ghoststream.runners.train.window_pictures import TimedWindow, window_pictures
from ghoststream.sampling import EveryFrame
from ghoststream.types import Frame, Pixels

MODEL = "ghostnet_050"


def upside_down(index: int, size: tuple[int, int]) -> Rgb:
    return quadrants(index, size)[::-1]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that nobody has trained, for small pictures."""
    torch.manual_seed(0)
    model, path = create_model(MODEL, weights=None), tmp_path_factory.mktemp("w") / "w.safetensors"
    write_weights(model, path)
    return path


def write_weights(model: object, path: Path, side: int = 64) -> None:
    from ghoststream.models.preprocessing import Preprocessing

    recipe = Preprocessing(input_size=side)
    save_checkpoint(model, path, architecture=MODEL, preprocessing=recipe, about={})  # type: ignore[arg-type]


def head_with_network(folder: Path, weights: Path) -> Path:
    """As fine-tuning leaves it."""
    folder.mkdir()
    (folder / "head.backbone.safetensors").write_bytes(weights.read_bytes())
    head = LinearHead(
        weight=np.eye(2, 1280, dtype=np.float32),
        bias=np.zeros(2, np.float32),
        labels=("a", "b"),
        pooling="mean",
        backbone_sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
        backbone=OwnBackbone(model=MODEL, file="head.backbone.safetensors"),
    )
    save_head(head, folder / "head.safetensors")
    return folder / "head.safetensors"


def settings(head: Path, **chosen: object) -> RunConfig:
    return with_settings_of_head(make_config(RunConfig, {"head": head, **chosen}))


def test_weights_are_written_as_they_are_read(weights: Path) -> None:
    found = resolve_weights(MODEL, weights)
    assert (found.preprocessing.input_size, found.preprocessing.crop) == (64, 0.875)
    with safe_open(weights, framework="numpy") as tensors:
        assert tensors.get_tensor("conv_head.bias").dtype == np.float16
    with pytest.raises(WeightsError, match="holds weights of ghostnet_050, not of ghostnet_100"):
        resolve_weights("ghostnet_100", weights)


def test_a_head_finds_the_network_beside_it(weights: Path, tmp_path: Path) -> None:
    head = head_with_network(tmp_path / "there", weights)
    assert load_head(head).backbone == OwnBackbone(model=MODEL, file="head.backbone.safetensors")
    config = settings(head)
    assert (config.model, config.weights) == (
        MODEL,
        str(head.with_name("head.backbone.safetensors")),
    )
    assert settings(head, model=MODEL, weights=str(weights)).weights == str(weights)


def test_a_network_that_is_not_beside_its_head_is_told(weights: Path, tmp_path: Path) -> None:
    head = head_with_network(tmp_path / "alone", weights)
    head.with_name("head.backbone.safetensors").unlink()
    with pytest.raises(HeadError, match=r"'head.backbone.safetensors' is not beside it; put it"):
        settings(head)


def test_another_network_beside_a_head_is_told(weights: Path, tmp_path: Path) -> None:
    head = head_with_network(tmp_path / "other", weights)
    write_weights(create_model(MODEL, weights=weights), network_path(head), side=96)
    with pytest.raises(HeadError, match=r"is not the network that the head .* was trained with"):
        settings(head)
    with pytest.raises(WeightsError, match="holds weights of ghostnet_050, not of ghostnet_130"):
        settings(head, model="ghostnet_130")


def test_a_head_names_no_file_elsewhere(weights: Path, tmp_path: Path) -> None:
    head = head_with_network(tmp_path / "away", weights)
    loaded = load_head(head)
    values = {name: getattr(loaded, name) for name in LinearHead.__slots__}
    save_head(LinearHead(**{**values, "backbone": OwnBackbone(model=MODEL, file="../w")}), head)
    with pytest.raises(HeadError, match="which is not a file beside it"):
        load_head(head)


def level(frame: Frame) -> Pixels:
    return frame.rgb((4, 4))


def test_windows_get_the_pictures_of_their_times(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=6, rate=4, picture=grey)
    windows = [
        TimedWindow(path=path, times=(Fraction(3, 4), Fraction(1))),
        TimedWindow(path=path, times=(Fraction(0), Fraction(1, 4), Fraction(3, 4))),
    ]
    found = dict(window_pictures(windows, sampling=EveryFrame(), prepare=level))
    means = {number: [round((p.mean() - 8) / 4) for p in found[number]] for number in found}
    assert means == {0: [3, 4], 1: [0, 1, 3]}
    late = [TimedWindow(path=path, times=(Fraction(9),))]
    with pytest.raises(DataError, match=r"clip.mp4 has changed since it was embedded; run again"):
        list(window_pictures(late, sampling=EveryFrame(), prepare=level))


def write_clips(folder: Path) -> Path:
    for number in range(4):
        for label, picture in (("up", quadrants), ("down", upside_down)):
            (folder / label).mkdir(parents=True, exist_ok=True)
            write_clip(
                folder / label / f"{label}{number}.mp4",
                frames=4,
                rate=4,
                size=(64 + 2 * number, 48),
                picture=picture,
            )
    return folder


def tuned(
    data: Path, out: Path, weights: Path, say: Say = lambda line: None, **chosen: object
) -> Trained:
    values = {
        "data": data,
        "out": out,
        "model": MODEL,
        "weights": str(weights),
        "device": "cpu",
        "fps": 4,
        "pool": "mean",
        "folds": 2,
        "store": str(out.parent / "store"),
        "finetune": True,
        "finetune_epochs": 4,
        **chosen,
    }
    return train(make_config(TrainConfig, values), say=say)


@pytest.mark.slow
def test_a_network_that_is_better_is_written_and_used(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The frozen network names all of clips as easy as these: a head that begins with next to
    # nothing leaves something to learn, and need not be better than what is right already.
    monkeypatch.setattr(
        "ghoststream.runners.train.finetuning.choose_strength", lambda *_, **__: 1e-9
    )
    monkeypatch.setattr("ghoststream.runners.train.finetuning.COSTS", -1.0)
    data, out = write_clips(tmp_path / "data"), tmp_path / "head.safetensors"
    trained = tuned(data, out, weights)
    assert trained.finetuned is not None
    assert trained.finetuned.losses[-1] < trained.finetuned.losses[0]
    assert trained.finetuned.student is not None
    assert {path.name for path in tmp_path.iterdir()} == {
        "data",
        "head.backbone.safetensors",
        "head.safetensors",
        "store",
    }
    loaded = load_head(out)
    found = resolve_weights(MODEL, network_path(out))
    assert loaded.backbone_sha256 == found.sha256
    assert found.metadata["origin_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    for label in ("up", "down"):
        (new, end) = run(data / label / f"{label}0.mp4", head=out, device="cpu")
        assert (new.after.label, end.type) == (label, "end")
    with pytest.raises(DataError, match="has learnt from all of these clips"):
        evaluate(make_config(EvaluateConfig, {"data": data, "head": out, "device": "cpu"}))


@pytest.mark.slow
def test_the_frozen_network_stays_where_training_does_not_win(
    weights: Path, tmp_path: Path
) -> None:
    data, out = write_clips(tmp_path / "data"), tmp_path / "head.safetensors"
    command = ["train", str(data), "--out", str(out), "--model", MODEL, "--weights", str(weights)]
    command += ["--device", "cpu", "--fps", "4", "--pool", "mean", "--folds", "2"]
    command += ["--store", str(tmp_path / "store"), "--finetune", "--finetune-epochs", "1"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "* mean         100.0 % (67.6 - 100.0 %) of 8\n" in done.output
    assert "\n  fine-tuned   " in done.output
    assert "not better by 2 points of mean recall, so the network stays as it is" in done.output
    head = load_head(out)
    assert head.backbone is None
    assert head.backbone_sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert not network_path(out).exists()


@pytest.mark.slow
def test_who_interrupts_finds_nothing_written(weights: Path, tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("fine-tuning: epoch 1 of 4"):
            raise KeyboardInterrupt

    data, threads = write_clips(tmp_path / "data"), torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        tuned(data, tmp_path / "head.safetensors", weights, say=interrupt)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "store"}
    assert torch.get_num_threads() == threads
