"""Fine-tuning on features that are drawn here, with a tail of a few parameters."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
import torch

from ghoststream.errors import WeightsError
from ghoststream.models.ghostnet import GhostNet
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.tail import Tail, cut
from ghoststream.pooling import POOLINGS, attention
from ghoststream.train.dataset import Dataset
from ghoststream.train.feature_file import FeatureFile
from ghoststream.train.finetuning import (
    Clips,
    Curve,
    Recipe,
    Start,
    Student,
    checked_finetuning,
    finetuned,
)
from ghoststream.train.folds import grouped_folds
from ghoststream.train.linear import fit_linear, spread_of
from ghoststream.train.torch_pooling import torch_pooling
from ghoststream.train.views import views

CLIPS, FRAMES, VIEWS, CHANNELS = 24, 3, 2, 16
RECIPE = Recipe(epochs=2, views=VIEWS, seed=0, device="cpu")


@pytest.fixture(scope="module")
def tail() -> Tail:
    torch.manual_seed(0)
    model = GhostNet(width=0.1, num_classes=2).eval()
    model.preprocessing = Preprocessing(input_size=32)
    return cut(model, stages=2)[1]


@pytest.fixture(scope="module")
def clips(tail: Tail) -> Iterator[Clips]:
    """Two classes with another first channel, and noise in the others."""
    random = np.random.default_rng(0)
    labels = np.arange(CLIPS) % 2
    with closing(FeatureFile()) as file:
        vectors = []
        for number, label in enumerate(labels):
            features = random.normal(size=(FRAMES, VIEWS, CHANNELS, 1, 1)).astype(np.float32)
            features[:, :, 0] += 4 * label
            file.append(number, features)
            vectors.append(embedded(tail, file.window(number, view=0)).mean(axis=0))
        data = Dataset(
            vectors=np.stack(vectors),
            owners=np.arange(CLIPS),
            seconds=np.ones(CLIPS),
            labels=labels,
            groups=np.arange(CLIPS) // 2,
            classes=("a", "b"),
        )
        yield Clips(data=data, features=file)


def embedded(tail: Tail, features: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return tail(torch.from_numpy(features).float()).numpy()


def start_of(data: Dataset) -> Start:
    return Start(
        linear=fit_linear(data, strength=1e-4),
        center=data.vectors.mean(axis=0, dtype=np.float64),
        spread=spread_of(data.vectors),
        pooling="mean",
    )


def checked(tail: Tail, clips: Clips) -> Curve:
    folds = grouped_folds(clips.data, folds=2, seed=0)
    starts = [start_of(clips.data.of(fold.learnt)) for fold in folds]
    return checked_finetuning(tail, starts, clips, folds=folds, recipe=RECIPE)


def test_a_student_begins_as_the_head_that_it_is_given(tail: Tail, clips: Clips) -> None:
    start = start_of(clips.data)
    student = Student(tail, start)
    windows = [torch.from_numpy(clips.features.window(n, view=0)).float() for n in range(CLIPS)]
    with torch.inference_mode():
        logits = student(windows).numpy()
    np.testing.assert_allclose(logits, start.linear.logits(clips.data.vectors), atol=1e-4)
    np.testing.assert_allclose(student.linear().weight, start.linear.weight, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(student.linear().bias, start.linear.bias, rtol=1e-3, atol=1e-4)


def test_training_lowers_the_loss_of_clips_that_are_not_learnt(tail: Tail, clips: Clips) -> None:
    before = [p.detach().clone() for p in tail.parameters()]
    curve = checked(tail, clips)
    assert len(curve.losses) == 3
    assert curve.losses[2] < curve.losses[0]
    assert curve.epochs > 0
    for parameter, was in zip(tail.parameters(), before, strict=True):
        assert torch.equal(parameter, was)


@pytest.mark.slow
def test_training_comes_out_alike_again(tail: Tail, clips: Clips) -> None:
    first, second = checked(tail, clips), checked(tail, clips)
    assert first.losses == second.losses
    np.testing.assert_array_equal(first.logits, second.logits)


def test_only_the_tail_changes_and_no_statistics_do(tail: Tail, clips: Clips) -> None:
    begun = tail.model.state_dict()
    begun = {name: tensor.clone() for name, tensor in begun.items()}
    student = finetuned(tail, start_of(clips.data), clips, epochs=1, recipe=RECIPE)
    changed = {
        name
        for name, tensor in student.network.state_dict().items()
        if not torch.equal(tensor, begun[name])
    }
    assert "conv_head.weight" in changed
    assert {name.split(".")[1] for name in changed if name.startswith("blocks")} == {"8", "9"}
    assert not [name for name in changed if "running" in name or "classifier" in name]


@pytest.mark.parametrize("name", [*POOLINGS, "attention"])
@pytest.mark.parametrize("frames", [1, 4])
def test_poolings_are_those_of_inference(name: str, frames: int) -> None:
    random = np.random.default_rng(1)
    vectors = np.abs(random.normal(size=(frames, 6))).astype(np.float32)
    query = random.normal(size=12).astype(np.float32) if name == "attention" else None
    expected = POOLINGS[name](vectors) if query is None else attention(query)(vectors)
    tensor = torch.from_numpy(vectors).requires_grad_()
    pooled = torch_pooling(name, None if query is None else torch.from_numpy(query))(tensor)
    np.testing.assert_allclose(pooled.detach().numpy(), expected, rtol=1e-5, atol=2e-6)
    pooled.sum().backward()
    assert tensor.grad is not None
    assert tensor.grad.isfinite().all()


def test_one_draw_holds_for_all_frames_of_a_clip() -> None:
    recipe = Preprocessing(input_size=32, mean=(0, 0, 0), std=(1, 1, 1))
    frame = np.random.default_rng(2).integers(0, 256, (32, 32, 3), np.uint8)
    clip = np.stack([frame, frame, frame])
    state = torch.random.get_rng_state()
    itself, *drawn = views(clip, preprocessing=recipe, count=3, seed=7)
    np.testing.assert_allclose(itself[0].permute(1, 2, 0).numpy() * 255, frame, atol=1e-3)
    for version in drawn:
        assert torch.equal(version[0], version[2])
        assert not torch.equal(version[0], itself[0])
    assert not torch.equal(drawn[0], drawn[1])
    again = list(views(clip, preprocessing=recipe, count=3, seed=7))
    assert torch.equal(again[2], drawn[1])
    assert torch.equal(torch.random.get_rng_state(), state)


def test_features_are_kept_by_number_and_none_that_halves_do_not_hold() -> None:
    with closing(FeatureFile()) as file:
        file.append(1, np.full((2, 1, 3), 1.5, np.float32))
        file.append(0, np.full((4, 1, 3), 2.5, np.float32))
        assert (file.frames(1), file.frames(0)) == (2, 4)
        np.testing.assert_array_equal(file.window(0, view=0), np.full((4, 3), 2.5))
        np.testing.assert_array_equal(file.window(1, view=0), np.full((2, 3), 1.5))
        with pytest.raises(WeightsError, match="too large to be kept in half precision"):
            file.append(2, np.full((1, 1, 3), 1e5, np.float32))
