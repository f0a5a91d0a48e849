"""The contract of a runtime; whatever runs networks is added to RUNTIMES and must hold it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ghoststream.errors import ConfigError
from ghoststream.models.factory import create_model
from ghoststream.models.ghostnet import GhostNet
from ghoststream.models.runtime import (
    Runtime,
    TorchRuntime,
    fold_batch_norms,
    load_runtime,
)

GOLDEN = Path(__file__).with_name("golden_embeddings.npz")
"""Of the synthetic pictures, with the bundled weights."""

RUNTIMES: dict[str, Callable[[], Runtime]] = {
    "torch": lambda: load_runtime("ghostnet_100", "bundled", "cpu"),
}


@pytest.fixture(scope="module", params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> Runtime:
    return RUNTIMES[request.param]()


def test_embeds_as_it_always_did(runtime: Runtime) -> None:
    golden = np.load(GOLDEN)
    assert runtime.info.sha256 == golden["sha256"], f"new weights: run python {__file__}"
    found = runtime.embed(synthetic_pictures())
    assert min(cosines(found, golden["embeddings"])) > 0.9999
    np.testing.assert_allclose(found, golden["embeddings"], atol=1e-2)


def test_says_what_it_runs(runtime: Runtime) -> None:
    assert runtime.info.name == "ghostnet_100"
    assert runtime.info.weights == "bundled"
    assert len(runtime.info.sha256) == 64
    assert runtime.info.preprocessing == runtime.preprocessing.as_dict()


def test_embeds_as_the_network_does(runtime: Runtime) -> None:
    found = runtime.embed(synthetic_pictures())
    assert found.dtype == np.float32
    assert found.shape == (3, runtime.num_features) == (3, 1280)
    np.testing.assert_allclose(found, plain_embeddings(synthetic_pictures()), atol=1e-3)


def test_classifies_as_the_network_does(runtime: Runtime) -> None:
    weight, bias = runtime.classifier()
    assert (weight.shape, weight.dtype) == ((1000, 1280), np.float32)
    assert (bias.shape, bias.dtype) == ((1000,), np.float32)
    logits = runtime.embed(synthetic_pictures()) @ weight.T + bias
    np.testing.assert_allclose(logits, plain_logits(synthetic_pictures()), atol=1e-3)


def test_pictures_are_embedded_alike_in_every_batch(runtime: Runtime) -> None:
    pictures = synthetic_pictures()
    alone = np.concatenate([runtime.embed(picture[None]) for picture in pictures])
    np.testing.assert_allclose(runtime.embed(pictures), alone, atol=1e-4)
    np.testing.assert_allclose(runtime.embed(pictures[::-1]), alone[::-1], atol=1e-4)


def test_an_empty_batch_has_no_embeddings(runtime: Runtime) -> None:
    assert runtime.embed(synthetic_pictures()[:0]).shape == (0, 1280)


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


def test_untrained_networks_do_not_run() -> None:
    with pytest.raises(ConfigError, match="untrained"):
        TorchRuntime(create_model("ghostnet_050", weights=None), torch.device("cpu"))


def test_unknown_and_absent_devices() -> None:
    with pytest.raises(ConfigError, match="no device 'tpu'; choose one of auto, cpu, cuda, mps"):
        load_runtime("ghostnet_100", "bundled", "tpu")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="finds no cuda device on this machine; it has "):
            load_runtime("ghostnet_100", "bundled", "cuda")


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
