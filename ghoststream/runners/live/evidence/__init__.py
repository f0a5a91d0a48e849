"""Clips and thumbnails of events: who asks for them, and which files stay."""
