"""Labelled clips to a head, and how well it does: arrays in, numbers out."""
