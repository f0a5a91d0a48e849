"""Networks that were converted once: by whom, how often, and what becomes of damaged ones."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import torch
from networks import randomized
from numpy.typing import NDArray
from safetensors.torch import save_file

from ghoststream.models.cache import Cache
from ghoststream.models.factory import create_model
from ghoststream.models.openvino_runtime import OpenVinoRuntime
from ghoststream.models.torch_runtime import TorchRuntime
from ghoststream.models.weights import resolve_weights

Filled: TypeAlias = tuple[Path, list[dict[str, object]]]
"""A cache, and what the processes that filled it said."""

SCRIPT = """
import json, logging, sys
events = []
sys.addaudithook(lambda event, _: events.append(event))
logging.basicConfig(format="%(message)s")
import numpy as np
from ghoststream.models import load_runtime

runtime = load_runtime("ghostnet_100", "bundled", "auto", "fp32", threads=1)
pixels = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), np.uint8)
weight, bias = runtime.classifier()
print(json.dumps({
    "runtime": runtime.info.runtime,
    "embeddings": runtime.embed(pixels).tolist(),
    "bias": bias.tolist(),
    "modules": sorted({"torch", "torchvision", "openvino_telemetry"} & set(sys.modules)),
    "network": [e for e in events if e.startswith(("socket.", "os.fork", "subprocess."))],
}))
"""
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), np.uint8)


def start(cache: Path, home: Path | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "GHOSTSTREAM_CACHE": str(cache)}
    if home is not None:
        environment["HOME"] = str(home)
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, object]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return {**json.loads(out), "log": err}


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A cache that four processes filled at once, and what they said."""
    cache = tmp_path_factory.mktemp("warm")
    processes = [start(cache, home=tmp_path_factory.mktemp("home")) for _ in range(4)]
    return cache, [finish(process) for process in processes]


def reference() -> NDArray[np.float32]:
    model = create_model("ghostnet_100", weights="bundled")
    return TorchRuntime(model, torch.device("cpu")).embed(PIXELS)


@pytest.mark.slow
def test_processes_that_start_at_once_agree_and_leave_a_whole_cache(
    warm: Filled,
) -> None:
    cache, said = warm
    np.testing.assert_allclose(said[0]["embeddings"], reference(), atol=1e-3)
    for other in said[1:]:
        assert other["embeddings"] == said[0]["embeddings"]
        assert other["bias"] == said[0]["bias"]
    names = [path.name for path in cache.iterdir()]
    assert sorted(name.split(".")[1] for name in names) == ["classifier", "embedding", "graph"]
    assert [name for name in names if Cache(cache).read(name) is None] == []


@pytest.mark.slow
def test_a_warm_cache_needs_no_torch_and_a_start_tells_nobody(warm: Filled, tmp_path: Path) -> None:
    cache, cold = warm
    said = finish(start(cache, home=tmp_path))
    assert said["modules"] == said["network"] == []
    assert said["log"] == ""
    assert said["embeddings"] == cold[0]["embeddings"]
    assert said["bias"] == cold[0]["bias"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_conversion_tells_nobody(warm: Filled) -> None:
    for said in warm[1]:
        assert "openvino_telemetry" not in said["modules"]
        # Torch asks programs on this machine what it can use.
        assert [event for event in said["network"] if event.startswith("socket.")] == []


def runtime_on(cache: Path, weights: str | Path = "bundled") -> OpenVinoRuntime:
    resolved = resolve_weights("ghostnet_100", weights)
    return OpenVinoRuntime(resolved, precision="fp32", threads=1, cache=Cache(cache))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["embedding", "graph", "classifier"])
def test_a_damaged_file_is_made_anew(
    warm: Filled,
    tmp_path: Path,
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for path in warm[0].iterdir():
        content = bytearray(path.read_bytes())
        # A graph is looked at only where the compiled one is of no use.
        if f".{kind}" in path.name or (kind == "graph" and ".embedding" in path.name):
            content[len(content) // 2] ^= 255
        (tmp_path / path.name).write_bytes(content)
    runtime = runtime_on(tmp_path)
    np.testing.assert_allclose(runtime.embed(PIXELS), warm[1][0]["embeddings"], atol=1e-5)
    np.testing.assert_array_equal(runtime.classifier()[1], np.float32(warm[1][0]["bias"]))
    assert f".{kind}" in caplog.text
    assert "is damaged, and made anew" in caplog.text
    assert [p.name for p in tmp_path.iterdir() if Cache(tmp_path).read(p.name) is None] == []


@pytest.mark.slow
def test_a_compiled_network_that_is_refused_is_compiled_anew(warm: Filled, tmp_path: Path) -> None:
    for path in warm[0].iterdir():
        Cache(tmp_path).write(path.name, Cache(warm[0]).read(path.name) or b"")
    blob = next(path for path in tmp_path.iterdir() if ".embedding" in path.name)
    Cache(tmp_path).write(blob.name, b"whole, and yet of no use")
    embeddings = runtime_on(tmp_path).embed(PIXELS)
    np.testing.assert_allclose(embeddings, warm[1][0]["embeddings"], atol=1e-5)
    assert len(blob.read_bytes()) > 1_000_000


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    runtime = runtime_on(tmp_path / "file")
    np.testing.assert_allclose(runtime.embed(PIXELS), reference(), atol=1e-3)
    assert runtime.classifier()[0].shape == (1000, 1280)
    assert caplog.text.count("cannot keep converted networks") == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ghostnet_050", "ghostnetv2_100", "ghostnetv3_050"])
def test_every_generation_converts(tmp_path: Path, name: str) -> None:
    model = randomized(create_model(name, weights=None))
    path = tmp_path / "random.safetensors"
    save_file(model.state_dict(), path, {"architecture": name})
    converted = OpenVinoRuntime(
        resolve_weights(name, path), precision="fp32", cache=Cache(tmp_path / "cache")
    )
    plain = TorchRuntime(create_model(name, weights=path), torch.device("cpu"))
    expected = plain.embed(PIXELS)
    assert expected.std() > 1e-2
    np.testing.assert_allclose(converted.embed(PIXELS), expected, atol=1e-3, rtol=1e-3)
    logits = converted.classify(PIXELS)
    np.testing.assert_allclose(logits, plain.classify(PIXELS), atol=1e-3, rtol=1e-3)
    row = np.ones(1280, np.float32)
    heatmap = converted.heatmap(PIXELS[0], row)
    np.testing.assert_allclose(heatmap, plain.heatmap(PIXELS[0], row), atol=1e-3)


@pytest.mark.slow
def test_other_weights_make_another_network(warm: Filled, tmp_path: Path) -> None:
    tensors = create_model("ghostnet_100", weights="bundled").state_dict()
    path = tmp_path / "doubled.safetensors"
    bias = 2 * tensors["classifier.bias"]
    save_file({**tensors, "classifier.bias": bias}, path)
    for file in warm[0].iterdir():
        Cache(tmp_path).write(file.name, Cache(warm[0]).read(file.name) or b"")
    for weights, factor in (("bundled", 1), (path, 2)):
        found = runtime_on(tmp_path, weights).classifier()[1]
        np.testing.assert_array_equal(found, factor * tensors["classifier.bias"])
