"""OpenVINO, without the part of it that tells its makers when it is used.

from ghoststream.models.openvino_library import openvino
"""

import sys

TELEMETRY = "openvino_telemetry"

# OpenVINO reports its import and each conversion over the network where this package, which it
# brings along, can be imported; where it cannot, a stub of OpenVINO's own takes its place. A None
# here is how Python is told that a module is not there (docs: the import system, sys.modules).
_is_hidden = "openvino" not in sys.modules and TELEMETRY not in sys.modules
if _is_hidden:
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]
try:
    import openvino
finally:
    if _is_hidden:
        del sys.modules[TELEMETRY]

# The binding makes its table of types when it is first asked for one, and lets go of Python's lock
# meanwhile: two threads that ask at the same time, each with its first batch, wait for each other
# for ever. While a module is imported there is but one.
openvino.Type.u8.to_dtype()

__all__ = ["openvino"]
