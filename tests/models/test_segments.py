"""Networks cut into stages are the same networks."""

import pytest
import torch

from ghoststream.models import create_model
from ghoststream.models.segments import segments, stage_channels


@pytest.mark.parametrize(
    "name", ["ghostnet_010", "ghostnetv2_010", "ghostnetv3_010", "efficientnet_lite0"]
)
@torch.no_grad()
def test_the_parts_make_up_the_whole(name: str) -> None:
    model = create_model(name, weights=None)
    x = picture = torch.linspace(-2, 2, 3 * 64 * 64).reshape(1, 3, 64, 64)
    parts = segments(model)
    assert len(parts) == 6
    for part in parts:
        x = part(x)
    assert torch.equal(x, model.forward_features(picture))


@pytest.mark.parametrize("name", ["ghostnet_100", "efficientnet_lite0"])
def test_two_networks_have_the_same_channels(name: str) -> None:
    assert stage_channels(create_model(name, weights=None)) == (16, 24, 40, 80, 112)


def test_others_have_no_cuts() -> None:
    model = create_model("torchvision:mobilenet_v3_small", weights=None)
    assert segments(model) == ()
    assert stage_channels(model) == ()
