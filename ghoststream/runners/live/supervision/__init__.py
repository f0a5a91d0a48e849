"""The parent's side of cameras: what state each one is in, and the processes that read them."""
