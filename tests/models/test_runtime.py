"""The contract of a runtime; whatever runs networks is added to RUNTIMES and must hold it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ghoststream.errors import ConfigError
from ghoststream.models import Preprocessing, resolve_weights
from ghoststream.models.factory import create_model
from ghoststream.models.ghostnet import GhostNet
from ghoststream.models.graph import fold_batch_norms
from ghoststream.models.openvino_library import openvino
from ghoststream.models.runtime import Runtime, load_runtime
from ghoststream.models.torch_runtime import TorchRuntime
from ghoststream.types import Precision

GOLDEN = Path(__file__).with_name("golden_embeddings.npz")
"""Of the synthetic pictures, with the bundled weights."""


def on_openvino(precision: Precision) -> Runtime:
    return load_runtime("ghostnet_100", "bundled", "cpu", precision)


def on_torch(precision: Precision) -> Runtime:
    model, cpu = create_model("ghostnet_100", weights="bundled"), torch.device("cpu")
    return TorchRuntime(model, cpu, precision)


RUNTIMES: dict[str, Callable[[Precision], Runtime]] = {"openvino": on_openvino, "torch": on_torch}


def has_bf16() -> bool:
    hint = openvino.Core().get_property("CPU", "INFERENCE_PRECISION_HINT")
    return bool(hint == openvino.Type.bf16)


@pytest.fixture(scope="module", params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """In fp32, where answers are those of the reference to the last digits but a few."""
    return RUNTIMES[request.param]("fp32")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            "openvino", marks=pytest.mark.skipif(not has_bf16(), reason="no bf16 on this CPU")
        ),
        "torch",
    ],
)
def rough(request: pytest.FixtureRequest) -> Runtime:
    """In bf16."""
    return RUNTIMES[request.param]("bf16")


def test_embeds_as_it_always_did(runtime: Runtime) -> None:
    with np.load(GOLDEN) as golden:
        sha256, embeddings = golden["sha256"], golden["embeddings"]
    assert runtime.info.sha256 == sha256, f"new weights: run python {__file__}"
    found = runtime.embed(synthetic_pictures())
    assert min(cosines(found, embeddings)) > 0.9999
    np.testing.assert_allclose(found, embeddings, atol=1e-2)


def test_says_what_it_runs(runtime: Runtime) -> None:
    assert runtime.info.name == "ghostnet_100"
    assert runtime.info.weights == "bundled"
    assert len(runtime.info.sha256) == 64
    assert runtime.info.preprocessing == runtime.preprocessing.as_dict()


def test_says_what_runs_it() -> None:
    version, torchs = openvino.get_version().partition("-")[0], torch.__version__.partition("+")[0]
    assert on_openvino("fp32").info.runtime == f"openvino {version} cpu fp32"
    assert on_torch("fp32").info.runtime == f"torch {torchs} cpu fp32"
    best = "bf16" if has_bf16() else "fp32"
    assert on_openvino("auto").info.runtime == f"openvino {version} cpu {best}"
    reference = load_runtime("ghostnet_100", "bundled", "reference")
    assert reference.info.runtime == f"torch {torchs} cpu fp32"


def test_embeds_as_the_network_does(runtime: Runtime) -> None:
    found = runtime.embed(synthetic_pictures())
    assert found.dtype == np.float32
    assert found.shape == (3, runtime.num_features) == (3, 1280)
    np.testing.assert_allclose(found, plain_embeddings(synthetic_pictures()), atol=1e-3)


def test_classifies_as_the_network_does(runtime: Runtime) -> None:
    weight, bias = runtime.classifier()
    assert (weight.shape, weight.dtype) == ((1000, 1280), np.float32)
    assert (bias.shape, bias.dtype) == ((1000,), np.float32)
    layer = create_model(weights="bundled").classifier
    np.testing.assert_array_equal(weight, layer.weight.detach())
    np.testing.assert_array_equal(bias, layer.bias.detach())
    expected = plain_logits(synthetic_pictures())
    logits = runtime.embed(synthetic_pictures()) @ weight.T + bias
    np.testing.assert_allclose(logits, expected, atol=1e-3)
    found = runtime.classify(synthetic_pictures())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_half_the_digits_change_little(rough: Runtime, sample_videos: Path) -> None:
    pictures = np.concatenate([natural_pictures(sample_videos), synthetic_pictures()[:1]])
    exact = plain_embeddings(pictures)
    assert min(cosines(rough.embed(pictures), exact)) > 0.9995
    assert min(cosines(rough.classify(pictures), plain_logits(pictures))) > 0.9995
    weight, bias = rough.classifier()
    reference = on_torch("fp32")
    for picture, embedding in zip(pictures, exact, strict=True):
        # What speaks for this class more than for the average one: the evidence is never empty.
        best = weight[np.argmax(weight @ embedding + bias)] - weight.mean(axis=0)
        found = rough.heatmap(picture, best)
        assert found.max() == 1
        np.testing.assert_allclose(found, reference.heatmap(picture, best), atol=0.05)


def test_pictures_are_embedded_alike_in_every_batch(runtime: Runtime) -> None:
    pictures = synthetic_pictures()
    alone = np.concatenate([runtime.embed(picture[None]) for picture in pictures])
    np.testing.assert_allclose(runtime.embed(pictures), alone, atol=1e-4)
    np.testing.assert_allclose(runtime.embed(pictures[::-1]), alone[::-1], atol=1e-4)


def test_an_empty_batch_has_no_embeddings(runtime: Runtime) -> None:
    assert runtime.embed(synthetic_pictures()[:0]).shape == (0, 1280)


def test_answers_stay_as_they_are_when_others_follow(runtime: Runtime) -> None:
    first = runtime.embed(synthetic_pictures())
    kept = first.copy()
    runtime.embed(synthetic_pictures()[::-1])
    np.testing.assert_array_equal(first, kept)


def test_several_threads_may_embed_at_once(runtime: Runtime) -> None:
    pictures = synthetic_pictures()
    expected = runtime.embed(pictures)
    orders = [[i % 3, (i + 1) % 3, (i * 7) % 3][: i % 3 + 1] for i in range(24)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda order: runtime.embed(pictures[order]), orders))
    for order, embeddings in zip(orders, found, strict=True):
        np.testing.assert_allclose(embeddings, expected[order], atol=1e-4)


def test_pixels_are_left_alone(runtime: Runtime) -> None:
    pictures = synthetic_pictures()
    pictures.flags.writeable = False
    runtime.embed(pictures)
    runtime.heatmap(pictures[0], runtime.classifier()[0][0])
    np.testing.assert_array_equal(pictures, synthetic_pictures())


@pytest.mark.parametrize(
    "batch",
    [
        np.zeros((1, 100, 224, 3), np.uint8),
        np.zeros((1, 3, 224, 224), np.uint8),
        np.zeros((224, 224, 3), np.uint8),
        np.zeros((1, 224, 224, 3), np.float32),
    ],
    ids=["size", "channels first", "no batch", "floats"],
)
def test_other_pixels_are_refused(runtime: Runtime, batch: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="expected uint8 pixels N x 224 x 224 x 3"):
        runtime.embed(batch)


def test_a_heatmap_lies_where_its_class_does(runtime: Runtime) -> None:
    disc = synthetic_pictures()[0]
    weight, bias = runtime.classifier()
    ball = weight[np.argmax(runtime.embed(disc[None]) @ weight.T + bias)]
    # The disc's middle is at x = 70, y = 120, its radius 50; the map's cells are 32 pixels wide.
    assert middle(runtime.heatmap(disc, ball)) == pytest.approx((70, 120), abs=32)
    assert middle(runtime.heatmap(disc[:, ::-1], ball)) == pytest.approx((154, 120), abs=32)


def test_a_heatmap_goes_from_0_to_1(runtime: Runtime) -> None:
    disc = synthetic_pictures()[0]
    weight, bias = runtime.classifier()
    best = weight[np.argmax(runtime.embed(disc[None]) @ weight.T + bias)]
    heatmap = runtime.heatmap(disc, best)
    assert (heatmap.shape, heatmap.dtype) == ((7, 7), np.float32)
    assert heatmap.min() >= 0
    assert heatmap.max() == 1


def test_no_evidence_gives_an_empty_heatmap(runtime: Runtime) -> None:
    assert not runtime.heatmap(synthetic_pictures()[0], np.full(1280, -1, np.float32)).any()


def test_batch_norms_fold_away_without_changing_answers() -> None:
    model, folded = create_model(weights="bundled"), create_model(weights="bundled")
    fold_batch_norms(folded)
    left = [name for name, m in folded.named_modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert left == []
    picture = torch.linspace(-2, 2, 3 * 224 * 224).reshape(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(folded(picture), model(picture), atol=1e-3, rtol=1e-3)


def test_another_preprocessing_is_taken_for_that_of_the_weights(runtime: Runtime) -> None:
    recipe = Preprocessing(input_size=128, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    device = "cpu" if runtime.info.runtime.startswith("openvino") else "reference"
    weights = replace(resolve_weights("ghostnet_100", "bundled"), preprocessing=recipe)
    other = load_runtime("ghostnet_100", weights, device, "fp32")
    assert other.preprocessing == recipe
    assert other.info.preprocessing == recipe.as_dict()
    model = create_model(weights="bundled")
    model.preprocessing = recipe
    pixels = synthetic_pictures()[:, ::2, ::2][:, :96, :96]
    with pytest.raises(ValueError, match="N x 128 x 128 x 3"):
        other.embed(pixels)
    pixels = synthetic_pictures()[:, 60:188, 60:188]
    with torch.inference_mode():
        features = model.forward_features(normalized(pixels, model))
        expected = model.forward_head(features, pre_logits=True).numpy()
    np.testing.assert_allclose(other.embed(pixels), expected, atol=1e-3)


def test_untrained_networks_do_not_run() -> None:
    with pytest.raises(ConfigError, match="untrained"):
        TorchRuntime(create_model("ghostnet_050", weights=None), torch.device("cpu"))


def test_unknown_and_absent_devices() -> None:
    everything = "auto, cpu, cuda, mps, xpu, reference"
    with pytest.raises(ConfigError, match=f"no device 'tpu'; choose one of {everything}"):
        load_runtime("ghostnet_100", "bundled", "tpu")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="finds no cuda device on this machine; it has cpu"):
            load_runtime("ghostnet_100", "bundled", "cuda")
    if "GPU" not in openvino.Core().available_devices:
        with pytest.raises(ConfigError, match="finds no Intel graphics card"):
            load_runtime("ghostnet_100", "bundled", "xpu")


def test_auto_takes_the_cpu_where_there_is_a_driver_and_no_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghoststream.models.runtime.NVIDIA_DRIVERS", (str(tmp_path),))
    kind = "torch" if torch.cuda.is_available() else "openvino"
    assert load_runtime("ghostnet_100", "bundled").info.runtime.startswith(kind)


def test_unknown_and_absent_precisions() -> None:
    with pytest.raises(ConfigError, match="no precision 'int4'; choose one of auto, fp32, bf16"):
        load_runtime("ghostnet_100", "bundled", "cpu", "int4")
    with pytest.raises(ConfigError, match="the device reference does not run in bf16; choose fp32"):
        load_runtime("ghostnet_100", "bundled", "reference", "bf16")
    if not has_bf16():
        with pytest.raises(ConfigError, match="does not compute in bf16; choose the precision"):
            load_runtime("ghostnet_100", "bundled", "cpu", "bf16")


def natural_pictures(folder: Path) -> NDArray[np.uint8]:
    """The middle of the first frame of each sample video."""
    pictures = []
    for path in sorted(folder.glob("*.mp4")):
        with av.open(path) as container:
            frame = next(container.decode(video=0))
            pictures.append(frame.to_ndarray(format="rgb24", width=400, height=224)[:, 88:312])
    return np.stack(pictures)


def synthetic_pictures() -> NDArray[np.uint8]:
    """A bright disc on a ramp, stripes, and a checkerboard: the same numbers everywhere."""
    y, x = np.mgrid[0:224, 0:224]
    disc = np.where((x - 70) ** 2 + (y - 120) ** 2 < 50**2, 230, x // 2)
    stripes = (x // 8 % 2) * 200 + 20
    board = ((x // 28 + y // 28) % 2) * 255
    planes = [np.stack([p, p * 3 // 4, p // 2], axis=-1) for p in (disc, stripes, board)]
    return np.stack(planes).astype(np.uint8)


def middle(heatmap: NDArray[np.float32]) -> tuple[float, float]:
    """Centre of gravity, x and y in pixels."""
    y, x = (np.mgrid[0:7, 0:7] + 0.5) * 32
    return (x * heatmap).sum() / heatmap.sum(), (y * heatmap).sum() / heatmap.sum()


def cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def plain_embeddings(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    model = create_model(weights="bundled")
    with torch.inference_mode():
        features = model.forward_features(normalized(pictures, model))
        return model.forward_head(features, pre_logits=True).numpy()


def plain_logits(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    model = create_model(weights="bundled")
    with torch.inference_mode():
        return model(normalized(pictures, model)).numpy()


def normalized(pictures: NDArray[np.uint8], model: GhostNet) -> torch.Tensor:
    scaled = pictures.astype(np.float64) / 255
    whitened = (scaled - model.preprocessing.mean) / model.preprocessing.std
    return torch.from_numpy(whitened.astype(np.float32)).permute(0, 3, 1, 2).contiguous()


if __name__ == "__main__":
    sha256 = create_model(weights="bundled").weights.sha256
    np.savez(GOLDEN, sha256=sha256, embeddings=plain_embeddings(synthetic_pictures()))
