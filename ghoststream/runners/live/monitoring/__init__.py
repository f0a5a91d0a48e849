"""What people and programs may ask of a live run: metrics and health."""
