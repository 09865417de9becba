"""Names for the types that authors of workflows write in their annotations. Plain Python."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

State: TypeAlias = dict[str, Any]
"""What a process knows: step functions receive parts of it and return what to merge into it."""

UUIDstr: TypeAlias = str
"""A UUID as text, the form in which it travels through a state."""

FormGenerator: TypeAlias = Generator[Any, Any, State]
"""A function that yields form classes, receives the answers of each page and returns what enters the state."""
