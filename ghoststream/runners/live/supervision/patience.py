"""How long a camera may take, and how often it is tried again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The same for all cameras."""

    open_seconds: float = 10.0
    """For connection and first packets."""
    stall_seconds: float = 20.0
    """Of silence later on."""
    retry_initial_seconds: float = 1.0
    """Before the first attempt to reconnect; it doubles from one to the next."""
    retry_max_seconds: float = 30.0
    max_retries: int = -1
    """In a row; 0 for none, -1 for any number."""
