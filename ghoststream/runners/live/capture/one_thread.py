"""Imported first in the process that capture processes are forked from, and nowhere else.

A capture process multiplies no matrices; without this, numpy would keep a thread a core for it.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"
