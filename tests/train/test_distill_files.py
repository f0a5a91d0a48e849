"""What a distillation writes, reads and measures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from unlabelled import random_weights

from ghoststream.errors import WeightsError
from ghoststream.models import create_model, resolve_weights
from ghoststream.train.distill.files import load_student, read_checkpoint, write_student
from ghoststream.train.distill.judging import agreement
from ghoststream.train.distill.scores import calibrate
from ghoststream.train.distill.teacher import Answers


@pytest.mark.slow
def test_weights_are_calibrated_and_can_be_gone_on_from(tmp_path: Path) -> None:
    path = random_weights(tmp_path / "a.safetensors", seed=1)
    model = create_model("ghostnet_010", weights=path)
    warm = tmp_path / "b.safetensors"
    write_student(warm, model, name="ghostnet_010", temperature=0.5, about={"samples": "12"})
    weights = resolve_weights("ghostnet_010", warm)
    assert dict(weights.metadata) == {
        "samples": "12", "format": "pt", "architecture": "ghostnet_010", "num_classes": "1000",
        "temperature": "0.5", "input_size": "224", "crop_pct": "0.875", "interpolation": "bicubic",
        "mean": "0.485,0.456,0.406", "std": "0.229,0.224,0.225",
    }  # fmt: skip
    used, gone_on = create_model("ghostnet_010", weights=warm), load_student(weights)
    assert torch.equal(used.classifier.weight, 2 * model.classifier.weight)
    assert torch.equal(used.classifier.bias, 2 * model.classifier.bias)
    for name, value in gone_on.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name


def test_a_variance_too_large_for_halves_is_kept(tmp_path: Path) -> None:
    model = create_model("ghostnet_010", weights=None)
    model.bn1.running_var.fill_(1e6)
    path = tmp_path / "a.safetensors"
    write_student(path, model, name="ghostnet_010", temperature=1.0, about={})
    assert create_model("ghostnet_010", weights=path).bn1.running_var[0] == 1e6


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(WeightsError, match=r"checkpoint.pt is no checkpoint.*delete it"):
        read_checkpoint(tmp_path / "checkpoint.pt")


def answers(logits: list[list[float]], embeddings: list[list[float]]) -> Answers:
    return Answers(
        embeddings=torch.tensor(embeddings, dtype=torch.float32),
        logits=torch.tensor(logits, dtype=torch.float32),
    )


def test_agreement_counts_names() -> None:
    said = answers([[9, 8, 7, 6, 5, 4], [0, 1, 2, 3, 4, 5]], [[1, 0], [0, 2]])
    wanted = answers([[1, 0, 0, 0, 0, 0], [0, 9, 0, 0, 0, 0]], [[2, 0], [1, 0]])
    judged = agreement(said, wanted)
    assert (judged.pictures, judged.same, judged.among_five) == (2, 0.5, 1.0)
    assert judged.cosine == pytest.approx(0.5)
    wanted = answers([[0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0]], [[2, 0, 0], [1, 0, 0]])
    judged = agreement(said, wanted)
    assert (judged.same, judged.among_five, judged.cosine) == (0.0, 0.0, None)


def test_scores_come_to_mean_how_often_they_are_right() -> None:
    random = np.random.default_rng(0)
    logits = torch.from_numpy(random.normal(size=(2000, 5)) * 2)
    chances = torch.softmax(logits, 1)
    names = torch.multinomial(chances, 1, generator=torch.Generator().manual_seed(0))
    wanted = torch.zeros(2000, 5).scatter(1, names, 1.0)
    none = torch.zeros(2000, 1)
    fitted = calibrate(
        Answers(embeddings=none, logits=logits / 4), Answers(embeddings=none, logits=wanted)
    )
    assert fitted.temperature == pytest.approx(0.25, rel=0.1)
    assert fitted.error < 0.05 < 0.2 < fitted.error_before
