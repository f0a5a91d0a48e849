"""GhostStream's runtime on pixels as bytes; normalisation is part of what is measured."""

import argparse

import numpy as np
from stopwatch import report_batches

from ghoststream.models import load_runtime

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--pixels", required=True, help="array N x 224 x 224 x 3, uint8, as .npy")
parser.add_argument("--out", required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--images", type=int, required=True)
parser.add_argument("--device", default="auto")
parser.add_argument("--precision", default="auto")
options = parser.parse_args()

runtime = load_runtime("ghostnet_100", "bundled", options.device, options.precision)
report_batches(runtime.embed, np.load(options.pixels), options)
