"""Who may ask, and what of it is believed."""
