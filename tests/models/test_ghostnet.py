"""The network against the paper's numbers and against timm's independent implementation."""

import pytest
import timm
import torch
from torch import nn

from ghoststream.models.ghostnet import GhostNet, scaled_channels

VARIANTS = [(0.5, "ghostnet_050"), (1.0, "ghostnet_100"), (1.3, "ghostnet_130")]


@pytest.mark.parametrize(
    ("width", "parameters", "multiply_adds"),
    [
        # The paper's table 7 says 2.6 M and 42 M, 5.2 M and 141 M, 7.3 M and 226 M.
        (0.5, 2_587_292, 42_328_152),
        (1.0, 5_182_508, 141_150_512),
        (1.3, 7_358_820, 227_003_256),
    ],
)
def test_sizes_are_those_of_the_paper(width: float, parameters: int, multiply_adds: int) -> None:
    model = GhostNet(width).eval()
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert count_multiply_adds(model) == multiply_adds


@pytest.mark.parametrize(("width", "name"), VARIANTS)
def test_answers_as_timm_does_with_timms_numbers(width: float, name: str) -> None:
    theirs = randomized(timm.create_model(name, pretrained=False))
    ours = GhostNet(width).eval()
    ours.load_state_dict(theirs.state_dict())
    assert_same_answers(ours, theirs)


@pytest.mark.parametrize(("width", "name"), VARIANTS)
def test_timm_answers_as_we_do_with_our_numbers(width: float, name: str) -> None:
    ours = randomized(GhostNet(width))
    theirs = timm.create_model(name, pretrained=False).eval()
    theirs.load_state_dict(ours.state_dict())
    assert_same_answers(ours, theirs)


@torch.inference_mode()
def test_features_embedding_and_logits_have_the_shapes_of_the_paper() -> None:
    model = GhostNet().eval()
    features = model.forward_features(torch.zeros(2, 3, 224, 224))
    assert features.shape == (2, 960, 7, 7)
    assert model.forward_head(features, pre_logits=True).shape == (2, 1280)
    assert model.forward_head(features).shape == (2, 1000)


@torch.inference_mode()
def test_any_size_and_any_number_of_classes() -> None:
    model = GhostNet(width=0.5, num_classes=7).eval()
    assert model(torch.zeros(1, 3, 97, 160)).shape == (1, 7)


@torch.inference_mode()
def test_a_picture_is_embedded_alike_alone_and_in_a_batch() -> None:
    model = randomized(GhostNet(width=0.5))
    pictures = torch.randn(3, 3, 96, 96)
    alone = torch.cat([model(picture[None]) for picture in pictures])
    torch.testing.assert_close(model(pictures), alone, atol=1e-4, rtol=1e-4)


def test_every_parameter_learns() -> None:
    model = GhostNet(width=0.5, num_classes=7).train()
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


def randomized(model: nn.Module) -> nn.Module:
    """Every number its own: fresh batch norms would hide an exchanged pair."""
    torch.manual_seed(0)
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var") or ".bn" in name or name.startswith("bn"):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 0.5)
        elif name.endswith("running_mean"):
            tensor.copy_(torch.randn_like(tensor) * 0.1)
    return model.eval()


@torch.inference_mode()
def assert_same_answers(ours: nn.Module, theirs: nn.Module) -> None:
    pictures = torch.randn(2, 3, 160, 160)
    expected = theirs(pictures)
    assert expected.std() > 1e-3
    torch.testing.assert_close(ours(pictures), expected, atol=1e-4, rtol=1e-4)
    embedding = theirs.forward_head(theirs.forward_features(pictures), pre_logits=True)
    found = ours.forward_head(ours.forward_features(pictures), pre_logits=True)
    torch.testing.assert_close(found, embedding, atol=1e-4, rtol=1e-4)


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
