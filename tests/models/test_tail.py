"""Networks cut before their last stages."""

import pytest
import torch
from networks import randomized
from torch import Tensor, nn

from ghoststream.errors import ConfigError
from ghoststream.models.backbone import Backbone
from ghoststream.models.factory import create_model
from ghoststream.models.preprocessing import Preprocessing
from ghoststream.models.tail import cut


@pytest.mark.parametrize(
    ("name", "stages", "features"),
    [
        pytest.param("ghostnet_050", 1, (80, 7, 7), marks=pytest.mark.slow),
        ("ghostnet_050", 2, (80, 7, 7)),
        ("ghostnet_050", 4, (40, 14, 14)),
        ("efficientnet_lite0", 2, (192, 7, 7)),
        pytest.param("torchvision:mobilenet_v3_small", 2, (96, 7, 7), marks=pytest.mark.slow),
        pytest.param("timm:resnet18", 2, (256, 14, 14), marks=pytest.mark.slow),
        pytest.param("torchvision:densenet121", 2, (512, 7, 7), marks=pytest.mark.slow),
    ],
)
def test_both_parts_make_the_embedding(
    name: str, stages: int, features: tuple[int, int, int]
) -> None:
    model = create_model(name, weights=None)
    randomized(model)
    frozen, tail = cut(model, stages=stages)
    pictures = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = frozen(pictures)
        expected = model.forward_head(model.forward_features(pictures), pre_logits=True)
        embedding = tail(found.clone())
    assert found.shape == (2, *features)
    torch.testing.assert_close(embedding, expected, rtol=1e-3, atol=1e-4)


def test_only_the_tail_learns() -> None:
    model = create_model("ghostnet_050", weights=None)
    _, tail = cut(model, stages=2)
    learning = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {name.partition(".")[0] for name in learning} == {"blocks", "conv_head"}
    assert {name.split(".")[1] for name in learning if name.startswith("blocks")} == {"8", "9"}
    after, last, before = tail.depths()
    assert [p.shape for p in after] == [(1280, 480, 1, 1), (1280,)]
    assert (len(last), len(before)) == (3, 56)


def test_more_stages_than_there_are_is_refused() -> None:
    model = create_model("ghostnet_050", weights=None)
    with pytest.raises(ConfigError, match="finetune_stages is 12, but the network has 12 stages"):
        cut(model, stages=12)


class Forked(Backbone):
    """Adds what two layers make of the same picture."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)
        self.classifier = nn.Linear(4, 2)
        self.preprocessing, self.weights = Preprocessing(input_size=32), None

    def forward_features(self, x: Tensor) -> Tensor:
        return self.left(x) + self.right(x)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        return x.mean((2, 3))

    def forward_places(self, x: Tensor) -> Tensor:
        return x


def test_a_network_that_is_no_sequence_is_refused() -> None:
    with pytest.raises(ConfigError, match="Forked is not one stage after the other, so that its"):
        cut(Forked(), stages=1)
