"""Identifiers that outsiders see: UUIDs in order of time (RFC 9562, version 7), so that indexes grow at one end."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """Return a version-7 UUID: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)
