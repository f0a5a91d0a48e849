"""timm's GhostNet on pixels that are already float and normalised."""

import argparse

import numpy as np
import torch
from stopwatch import report_batches
from timm_ghostnet import load

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--pixels", required=True, help="array N x 224 x 224 x 3, uint8, as .npy")
parser.add_argument("--out", required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--images", type=int, required=True)
parser.add_argument("--layout", choices=["as_given", "channels_last"], default="as_given")
options = parser.parse_args()

model, _ = load()
pixels = torch.from_numpy(np.load(options.pixels)).float() / 255
mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
inputs = ((pixels - mean) / std).permute(0, 3, 1, 2).contiguous()
if options.layout == "channels_last":
    model = model.to(memory_format=torch.channels_last)
    inputs = inputs.to(memory_format=torch.channels_last)


@torch.inference_mode()
def forward(batch: torch.Tensor) -> np.ndarray:
    return model(batch).numpy()


report_batches(forward, inputs, options)
