"""Downloads against a server that speaks the hub's protocol; each in a process of its own, because
the hub's library reads its environment once."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from loopback_hub import LoopbackHub
from safetensors.numpy import save

import ghoststream.models

BUNDLED = Path(ghoststream.models.__file__).parent / "bundled" / "ghostnet_100.safetensors"
REPOSITORY = "timm/ghostnet_100.in1k"
WEIGHTS = save({"conv_stem.weight": np.arange(300_000, dtype=np.float32)}, {"format": "pt"})
CONFIG = json.dumps(
    {
        "architecture": "ghostnet_100",
        "pretrained_cfg": {
            "input_size": [3, 192, 192],
            "interpolation": "bicubic",
            "crop_pct": 0.95,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.25, 0.25, 0.25],
        },
    }
).encode()
FILES = {f"{REPOSITORY}/model.safetensors": WEIGHTS, f"{REPOSITORY}/config.json": CONFIG}

PULL = 'pull_weights("ghostnet_100")'
RESOLVE_HUB = 'resolve_weights("ghostnet_100", "hub")'
RESOLVE_AUTO = 'resolve_weights("ghostnet_100", "auto")'

SCRIPT = """
import json, sys
from ghoststream.errors import WeightsError
from ghoststream import models
try:
    found = models.{expression}
except WeightsError as error:
    print(json.dumps({{"error": str(error)}}))
else:
    fields = ["kind", "name", "path", "sha256", "notice", "preprocessing", "weights"]
    said = {{name: getattr(found, name) for name in fields if hasattr(found, name)}}
    said["torch"] = "torch" in sys.modules
    print(json.dumps(said, default=lambda it: it.as_dict() if hasattr(it, "as_dict") else str(it)))
"""


def test_pull_brings_weights_and_preprocessing_into_the_cache(tmp_path: Path) -> None:
    with LoopbackHub(FILES) as hub:
        found = ask(PULL, tmp_path, hub.endpoint)
    assert found["kind"] == "hub"
    assert found["name"] == REPOSITORY
    assert Path(found["path"]).read_bytes() == WEIGHTS
    assert found["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    assert found["preprocessing"] == {
        "input_size": 192,
        "crop": 0.95,
        "framing": "center",
        "interpolation": "bicubic",
        "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25],
    }
    assert found["torch"] is False
    assert [path for path in hub.requests if ".bin" in path or ".pth" in path] == []


def test_what_is_in_the_cache_is_taken_without_asking(tmp_path: Path) -> None:
    with LoopbackHub(FILES) as hub:
        pulled = ask(PULL, tmp_path, hub.endpoint)
        hub.requests.clear()
        by_hub = ask(RESOLVE_HUB, tmp_path, hub.endpoint)
        by_auto = ask(RESOLVE_AUTO, tmp_path, hub.endpoint)
        assert hub.requests == []
    assert by_hub == by_auto == pulled
    assert by_auto["notice"] is None


def test_hub_is_fetched_when_asked_for_by_name(tmp_path: Path) -> None:
    with LoopbackHub(FILES) as hub:
        found = ask(RESOLVE_HUB, tmp_path, hub.endpoint)
    assert found["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()


def test_a_network_from_the_hub_is_ready_for_use(tmp_path: Path) -> None:
    content = BUNDLED.read_bytes()
    with LoopbackHub({f"{REPOSITORY}/model.safetensors": content}) as hub:
        found = ask('load_runtime("ghostnet_100", "hub", "cpu").info', tmp_path, hub.endpoint)
    assert (found["name"], found["weights"]) == ("ghostnet_100", REPOSITORY)
    assert found["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_later_network_comes_with_its_own_preprocessing(tmp_path: Path) -> None:
    repository = "timm/ghostnetv2_130.in1k"
    files = {f"{repository}/model.safetensors": WEIGHTS, f"{repository}/config.json": CONFIG}
    with LoopbackHub(files) as hub:
        by_repository = ask(f'pull_weights("{repository}")', tmp_path, hub.endpoint)
    by_auto = ask('resolve_weights("ghostnetv2_130")', tmp_path, hub.endpoint)
    assert by_auto == by_repository
    assert by_auto["name"] == repository
    assert by_auto["preprocessing"]["input_size"] == 192


@pytest.mark.slow  # timm takes its time to import
def test_weights_of_a_library_come_with_their_own_preprocessing(tmp_path: Path) -> None:
    repository = "timm/mobilenetv3_small_050.lamb_in1k"
    config = CONFIG.replace(b"bicubic", b"bilinear")
    files = {f"{repository}/model.safetensors": WEIGHTS, f"{repository}/config.json": config}
    with LoopbackHub(files) as hub:
        pulled = ask('pull_weights("timm:mobilenetv3_small_050")', tmp_path, hub.endpoint)
    by_auto = ask('resolve_weights("timm:mobilenetv3_small_050.lamb_in1k")', tmp_path, hub.endpoint)
    assert (pulled["name"], by_auto["name"]) == (repository, repository)
    assert by_auto["path"] == pulled["path"]
    recipe = by_auto["preprocessing"]
    assert (recipe["interpolation"], recipe["input_size"]) == ("bilinear", 192)


def test_auto_asks_no_server_and_says_what_to_type(tmp_path: Path) -> None:
    with LoopbackHub(FILES) as hub:
        found = ask(RESOLVE_AUTO, tmp_path, hub.endpoint)
        assert hub.requests == []
    assert found["kind"] == "bundled"
    assert found["notice"].endswith("ghoststream weights pull ghostnet_100")


def test_a_repository_may_come_without_configuration(tmp_path: Path) -> None:
    with LoopbackHub({f"{REPOSITORY}/model.safetensors": WEIGHTS}) as hub:
        found = ask(PULL, tmp_path, hub.endpoint)
    assert found["preprocessing"]["input_size"] == 224


@pytest.mark.parametrize(
    "files", [{}, {f"{REPOSITORY}/config.json": CONFIG}], ids=["no repository", "no weights in it"]
)
def test_not_found(tmp_path: Path, files: dict[str, bytes]) -> None:
    with LoopbackHub(files) as hub:
        error = ask(PULL, tmp_path, hub.endpoint)["error"]
    assert error == (
        f"the hub at {hub.endpoint} has no public {REPOSITORY}/model.safetensors; "
        f"use a path, or ghostnet_100's bundled weights"
    )


@pytest.mark.slow  # the library tries again for some 20 seconds
def test_a_server_in_trouble(tmp_path: Path) -> None:
    with LoopbackHub(FILES, failure=503) as hub:
        error = ask(PULL, tmp_path, hub.endpoint, is_quiet=False)["error"]
    assert "answered 503" in error


def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with LoopbackHub(FILES, cuts=[500_000]) as hub:
        found = ask(PULL, tmp_path, hub.endpoint, is_quiet=False)
    assert Path(found["path"]).read_bytes() == WEIGHTS
    stored = [path for path in hub.requests if path.startswith("GET /store/")]
    assert len(stored) == 2


@pytest.mark.slow  # the library tries again for some seconds
def test_a_download_that_stays_broken_leaves_nothing_behind(tmp_path: Path) -> None:
    with LoopbackHub(FILES, cuts=[500_000] + [0] * 20) as hub:
        error = ask(PULL, tmp_path, hub.endpoint, is_quiet=False)["error"]
        assert ask(RESOLVE_AUTO, tmp_path, hub.endpoint)["kind"] == "bundled"
    assert "broke off" in error
    assert "try again" in error


def test_something_else_than_a_hub_answers(tmp_path: Path) -> None:
    with LoopbackHub(FILES, failure=204) as hub:
        error = ask(PULL, tmp_path, hub.endpoint)["error"]
    assert error.startswith(f"what answers at {hub.endpoint} is no hub")


def test_a_closed_door(tmp_path: Path) -> None:
    with LoopbackHub(FILES, failure=403) as hub:
        error = ask(PULL, tmp_path, hub.endpoint)["error"]
    assert error.startswith(f"the hub at {hub.endpoint} answered 403")


@pytest.mark.slow  # the library tries again for some 20 seconds
def test_nobody_answers(tmp_path: Path) -> None:
    with LoopbackHub({}) as hub:
        endpoint = hub.endpoint
    error = ask(PULL, tmp_path, endpoint, is_quiet=False)["error"]
    assert error.startswith(f"no hub answers at {endpoint}, and {REPOSITORY} is not in the cache")


def test_offline_is_honoured(tmp_path: Path) -> None:
    with LoopbackHub(FILES) as hub:
        error = ask(RESOLVE_HUB, tmp_path, hub.endpoint, HF_HUB_OFFLINE="1")["error"]
        assert "HF_HUB_OFFLINE forbids to fetch it" in error
        assert hub.requests == []


def test_offline_pull_is_content_with_the_cache(tmp_path: Path) -> None:
    with LoopbackHub(FILES) as hub:
        pulled = ask(PULL, tmp_path, hub.endpoint)
    assert ask(PULL, tmp_path, hub.endpoint, HF_HUB_OFFLINE="1") == pulled


def test_a_damaged_cache_is_noticed(tmp_path: Path) -> None:
    with LoopbackHub(FILES) as hub:
        path = Path(ask(PULL, tmp_path, hub.endpoint)["path"])
    damaged = bytearray(WEIGHTS)
    damaged[-1] ^= 1
    path.resolve().write_bytes(damaged)
    error = ask(RESOLVE_AUTO, tmp_path, hub.endpoint)["error"]
    assert "is damaged: its sha256 is" in error


def ask(
    expression: str, home: Path, endpoint: str, *, is_quiet: bool = True, **environment: str
) -> Mapping[str, object]:
    """What the expression gives, or the sentence with which it is refused."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(expression=expression)],
        env={
            **inherited,
            "HF_HOME": str(home),
            "HF_ENDPOINT": endpoint,
            "NO_PROXY": "127.0.0.1,localhost",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    # Nothing is said, and no bar drawn, where no terminal listens.
    assert not is_quiet or answer.stderr == ""
    return json.loads(answer.stdout)
