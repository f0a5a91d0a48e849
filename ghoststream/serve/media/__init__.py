"""Pictures and videos, by opaque ids."""
