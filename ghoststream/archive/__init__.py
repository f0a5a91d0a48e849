"""The embedded store: what is in an archive of videos, what is done of it, and search."""
