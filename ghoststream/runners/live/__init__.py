"""Watches cameras for days: connects, reconnects, names what they show, and tells of it."""
