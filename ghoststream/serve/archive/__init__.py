"""Videos of an archive: what they hold, and what is found in them."""
