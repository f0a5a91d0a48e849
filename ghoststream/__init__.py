"""GhostStream: from any video to events with exact times."""
