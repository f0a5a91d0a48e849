"""Names of the 1000 ImageNet classes, in the order of the classifier's outputs.

imagenet_labels()[967]  # 'espresso'
"""

from functools import cache
from importlib.resources import files


@cache
def imagenet_labels() -> tuple[str, ...]:
    """The class names that torchvision's weights carry, without loading torchvision.

    Returns:
        1000 different names, from 'tench' to 'toilet tissue'.
    """
    text = files("ghoststream.models").joinpath("imagenet_labels.txt").read_text("utf-8")
    return tuple(text.splitlines())
