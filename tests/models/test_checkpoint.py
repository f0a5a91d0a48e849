"""Every layout of weights file that loads, and every kind that is refused."""

import os
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from networks import embeddings, randomized
from safetensors.torch import save_file

from ghoststream.errors import WeightsError
from ghoststream.models.factory import create_model
from ghoststream.models.runtime import load_runtime

PICTURE = torch.linspace(-1, 1, 3 * 96 * 96).reshape(1, 3, 96, 96)


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model("ghostnet_050", pretrained=False).eval()


def test_timms_safetensors(tmp_path: Path, theirs: torch.nn.Module) -> None:
    path = tmp_path / "model.safetensors"
    save_file(theirs.state_dict(), path, {"format": "pt"})
    assert_same(path, theirs)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin"])
@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_what_torch_saves(
    tmp_path: Path, theirs: torch.nn.Module, suffix: str, is_zip: bool
) -> None:
    path = tmp_path / f"model{suffix}"
    torch.save(theirs.state_dict(), path, _use_new_zipfile_serialization=is_zip)
    assert_same(path, theirs)


def test_a_training_checkpoint_of_several_cards(tmp_path: Path, theirs: torch.nn.Module) -> None:
    path = tmp_path / "last.pth"
    tensors = {f"module.{name}": tensor for name, tensor in theirs.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": tensors}, path)
    assert_same(path, theirs)


def test_what_the_authors_of_later_networks_left_in_their_files(tmp_path: Path) -> None:
    theirs = randomized(timm.create_model("ghostnetv3_050", pretrained=False))
    path = tmp_path / "theirs.pth"
    tensors = {
        name.replace(".bn1.", ".bn.") if "_rpr_" in name else name: tensor
        for name, tensor in theirs.state_dict().items()
    }
    assert "blocks.0.0.ghost1.primary_rpr_conv.0.bn.weight" in tensors
    torch.save({"state_dict": {**tensors, "conv_stem.total_ops": torch.zeros(1)}}, path)
    assert_same(path, theirs, "ghostnetv3_050")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ghostnetv2_100", "ghostnetv3_100"])
def test_later_networks_run_on_timms_files(tmp_path: Path, name: str) -> None:
    theirs = randomized(timm.create_model(name, pretrained=False))
    path = tmp_path / "model.safetensors"
    save_file(theirs.state_dict(), path, {"format": "pt"})
    runtime = load_runtime(name, path, "reference")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)
    recipe = runtime.preprocessing
    whitened = torch.from_numpy((pixels / 255 - recipe.mean) / recipe.std).float()
    with torch.inference_mode():
        expected = embeddings(theirs, whitened.permute(0, 3, 1, 2)).numpy()
    assert expected.std() > 1e-2
    np.testing.assert_allclose(runtime.embed(pixels), expected, atol=1e-4, rtol=1e-4)
    heatmap = runtime.heatmap(pixels[0], np.ones(1280, np.float32))
    assert (heatmap.shape, heatmap.max()) == ((7, 7), 1)


def test_half_precision_is_widened(tmp_path: Path, theirs: torch.nn.Module) -> None:
    path = tmp_path / "half.safetensors"
    save_file({k: t.half() for k, t in theirs.state_dict().items() if t.is_floating_point()}, path)
    model = create_model("ghostnet_050", weights=path)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert_same(path, theirs, tolerance=1e-2)


def test_another_width_is_told_by_the_first_tensor(tmp_path: Path, theirs: torch.nn.Module) -> None:
    path = tmp_path / "narrow.pth"
    torch.save(theirs.state_dict(), path)
    message = r"conv_stem\.weight is \(8, 3, 3, 3\) there, and \(16, 3, 3, 3\) here"
    with pytest.raises(WeightsError, match=message):
        create_model("ghostnet_100", weights=path)


def test_a_missing_tensor(tmp_path: Path, theirs: torch.nn.Module) -> None:
    path = tmp_path / "headless.pth"
    torch.save({k: t for k, t in theirs.state_dict().items() if k != "classifier.bias"}, path)
    with pytest.raises(WeightsError, match=r"has no tensor classifier\.bias"):
        create_model("ghostnet_050", weights=path)


def test_a_tensor_too_many(tmp_path: Path, theirs: torch.nn.Module) -> None:
    path = tmp_path / "more.pth"
    torch.save({**theirs.state_dict(), "neck.weight": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match=r"no place for its tensor neck\.weight"):
        create_model("ghostnet_050", weights=path)


def test_numbers_that_are_not_finite(tmp_path: Path, theirs: torch.nn.Module) -> None:
    path = tmp_path / "diverged.pth"
    bias = torch.full_like(theirs.conv_head.bias, torch.nan)
    torch.save({**theirs.state_dict(), "conv_head.bias": bias}, path)
    with pytest.raises(WeightsError, match=r"conv_head\.bias holds numbers that are not finite"):
        create_model("ghostnet_050", weights=path)


class Attack:
    """Unpickling it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "attack.pth", tmp_path / "trace"
    torch.save({"state_dict": Attack(trace)}, path)
    with pytest.raises(WeightsError, match="nothing in it was run"):
        create_model("ghostnet_050", weights=path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "content", [b"", b"not a checkpoint", b"PK\x03\x04 half a zip", b"\x80\x02}q\x00"]
)
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="is damaged"):
        create_model("ghostnet_050", weights=path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_file(tmp_path: Path, theirs: torch.nn.Module, share: float) -> None:
    path = tmp_path / "cut.pth"
    torch.save(theirs.state_dict(), path)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(WeightsError, match="is damaged"):
        create_model("ghostnet_050", weights=path)


@pytest.mark.parametrize("content", [[torch.zeros(1)], {"epoch": 3}, {"state_dict": 7}, 5])
def test_no_tensors_with_names(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    with pytest.raises(WeightsError, match="something other than tensors with names"):
        create_model("ghostnet_050", weights=path)


def test_random_numbers_only_when_asked_for() -> None:
    model = create_model("ghostnet_050", weights=None, num_classes=3)
    assert model.weights is None
    assert model.classifier.out_features == 3
    assert not model.training


@torch.inference_mode()
def assert_same(
    path: Path,
    theirs: torch.nn.Module,
    name: str = "ghostnet_050",
    *,
    tolerance: float = 1e-4,
) -> None:
    ours = create_model(name, weights=path)
    assert ours.weights is not None
    assert ours.weights.path == path
    torch.testing.assert_close(ours(PICTURE), theirs(PICTURE), atol=tolerance, rtol=tolerance)
