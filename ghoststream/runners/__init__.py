"""What drives a pipeline over sources."""
