"""Weights of a small network that learns to answer as a larger one does, without labels."""
