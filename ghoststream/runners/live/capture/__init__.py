"""One connection to a camera, in a process of its own: from packets to samples and clips."""
