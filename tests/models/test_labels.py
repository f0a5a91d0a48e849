from torchvision.models import MobileNet_V3_Large_Weights, ResNet50_Weights

from ghoststream.models.labels import imagenet_labels


def test_labels_are_those_of_torchvision() -> None:
    assert list(imagenet_labels()) == MobileNet_V3_Large_Weights.IMAGENET1K_V2.meta["categories"]
    assert list(imagenet_labels()) == ResNet50_Weights.IMAGENET1K_V1.meta["categories"]


def test_a_few_by_number() -> None:
    labels = imagenet_labels()
    assert (labels[0], labels[281], labels[967], labels[999]) == (
        "tench",
        "tabby",
        "espresso",
        "toilet tissue",
    )
