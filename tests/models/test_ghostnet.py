"""The networks against the papers' numbers and against timm's independent implementation."""

import pytest
import timm
import torch
from networks import embeddings, randomized
from torch import nn

from ghoststream.models.factory import create_model
from ghoststream.models.ghostnet import GhostNet, scaled_channels
from ghoststream.models.ghostnetv3 import merge_branches
from ghoststream.models.graph import fold_batch_norms
from ghoststream.models.registry import MODELS

GHOSTNETS = [name for name in MODELS if name.startswith("ghostnet")]
SMALLEST = ["ghostnet_050", "ghostnetv2_100", "ghostnetv3_050"]
"""One of each generation."""
ALL = [pytest.param(name, marks=() if name in SMALLEST else pytest.mark.slow) for name in GHOSTNETS]


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [
        # Table 7 of arXiv 1911.11907 says 2.6 M and 42 M, 5.2 M and 141 M, 7.3 M and 226 M.
        ("ghostnet_050", 2_587_292, 42_328_152),
        ("ghostnet_100", 5_182_508, 141_150_512),
        ("ghostnet_130", 7_358_820, 227_003_256),
        # arXiv 2211.12905 says 6.1 M and 167 M, 8.9 M and 269 M, 12.3 M and 399 M.
        ("ghostnetv2_100", 6_156_908, 167_048_288),
        ("ghostnetv2_130", 8_960_404, 269_322_976),
        ("ghostnetv2_160", 12_392_698, 398_607_224),
        # With the branches of training; timm's table says 8.13 M.
        ("ghostnetv3_100", 8_129_028, 404_128_320),
    ],
)
def test_sizes_are_those_of_the_papers(name: str, parameters: int, multiply_adds: int) -> None:
    model = create_model(name, weights=None)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert count_multiply_adds(model) == multiply_adds


@pytest.mark.parametrize(
    ("name", "successor"),
    [("ghostnetv2_100", "ghostnetv3_100"), ("ghostnetv2_130", "ghostnetv3_130")],
)
def test_a_merged_ghostnetv3_is_as_large_as_its_predecessor(name: str, successor: str) -> None:
    model, merged = create_model(name, weights=None), create_model(successor, weights=None)
    merge_branches(merged)
    assert count_multiply_adds(merged) == count_multiply_adds(model)
    fold_batch_norms(model)
    fold_batch_norms(merged)
    sizes = [sum(p.numel() for p in m.parameters()) for m in (merged, model)]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("name", ALL)
def test_answers_as_timm_does_with_timms_numbers(name: str) -> None:
    theirs = randomized(timm.create_model(name, pretrained=False))
    ours = create_model(name, weights=None)
    ours.load_state_dict(theirs.state_dict())
    assert_same_answers(ours, theirs)


@pytest.mark.parametrize("name", ALL)
def test_timm_answers_as_we_do_with_our_numbers(name: str) -> None:
    ours = randomized(create_model(name, weights=None))
    theirs = timm.create_model(name, pretrained=False).eval()
    theirs.load_state_dict(ours.state_dict())
    assert_same_answers(ours, theirs)


@pytest.mark.parametrize("name", ALL)
@torch.inference_mode()
def test_embeds_alike_with_branches_merged_and_batch_norms_folded(name: str) -> None:
    model = randomized(create_model(name, weights=None))
    pictures = torch.randn(2, 3, 97, 160)
    expected = embeddings(model, pictures)
    merge_branches(model)
    fold_batch_norms(model)
    assert [name for name, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)] == []
    torch.testing.assert_close(embeddings(model, pictures), expected, atol=1e-4, rtol=1e-5)


@torch.inference_mode()
def test_merging_twice_changes_nothing() -> None:
    model = randomized(create_model("ghostnetv3_050", weights=None))
    pictures = torch.randn(1, 3, 64, 64)
    merge_branches(model)
    expected = model(pictures)
    merge_branches(model)
    assert torch.equal(model(pictures), expected)


@torch.inference_mode()
def test_features_embedding_and_logits_have_the_shapes_of_the_paper() -> None:
    model = GhostNet().eval()
    features = model.forward_features(torch.zeros(2, 3, 224, 224))
    assert features.shape == (2, 960, 7, 7)
    assert model.forward_head(features, pre_logits=True).shape == (2, 1280)
    assert model.forward_head(features).shape == (2, 1000)


@pytest.mark.parametrize("name", SMALLEST)
@torch.inference_mode()
def test_any_size_and_any_number_of_classes(name: str) -> None:
    model = create_model(name, weights=None, num_classes=7)
    assert model(torch.zeros(1, 3, 33, 161)).shape == (1, 7)


@pytest.mark.parametrize("name", SMALLEST)
@torch.inference_mode()
def test_a_picture_is_embedded_alike_alone_and_in_a_batch(name: str) -> None:
    model = randomized(create_model(name, weights=None))
    pictures = torch.randn(3, 3, 96, 96)
    alone = torch.cat([model(picture[None]) for picture in pictures])
    torch.testing.assert_close(model(pictures), alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", SMALLEST)
def test_every_parameter_learns(name: str) -> None:
    model = create_model(name, weights=None, num_classes=7).train()
    model(torch.randn(4, 3, 64, 64)).square().mean().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_training_hides_numbers_from_the_classifier_but_not_from_the_embedding() -> None:
    model = GhostNet(width=0.5, dropout_rate=0.5)
    features = torch.rand(1, scaled_channels(960, 0.5), 2, 2)
    embeddings = [model.forward_head(features, pre_logits=True) for _ in range(2)]
    assert torch.equal(*embeddings)
    assert not torch.equal(model.forward_head(features), model.forward_head(features))


def test_channels_are_rounded_to_four_and_lose_at_most_a_tenth() -> None:
    assert [scaled_channels(c, 1.3) for c in (16, 24, 40, 72)] == [20, 32, 52, 92]
    assert [scaled_channels(c, 0.25) for c in (72, 120, 480)] == [20, 32, 120]
    assert scaled_channels(22, 0.25) == 8  # 4 would lose more than a tenth of 5.5


@torch.inference_mode()
def assert_same_answers(ours: nn.Module, theirs: nn.Module) -> None:
    pictures = torch.randn(2, 3, 160, 160)
    expected = theirs(pictures)
    assert expected.std() > 1e-3
    torch.testing.assert_close(ours(pictures), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        embeddings(ours, pictures), embeddings(theirs, pictures), atol=1e-4, rtol=1e-4
    )


def count_multiply_adds(model: nn.Module) -> int:
    """Of convolutions and the fully connected layer, for one picture of 224 x 224."""
    counts: list[int] = []

    def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        counts.append(output.numel() * layer.weight[0].numel())

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        model(torch.zeros(1, 3, 224, 224))
    return sum(counts)
