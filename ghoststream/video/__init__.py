"""The only folder that touches PyAV: decode, probe, encode."""
