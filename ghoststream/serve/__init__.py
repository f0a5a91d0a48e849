"""A page for cameras, events, archives and teaching, and its API.

The process that answers browsers analyses nothing itself: cameras, decoding and training run in
processes of their own, so that no viewer slows them down.
"""
