"""What several of the statements share."""

from __future__ import annotations

from typing import Final

LEASE_SECONDS: Final = 30
LOCKED: Final = "EXISTS (SELECT FROM tasks_enginesettings WHERE global_lock)"
