"""Types for annotations."""

from tasks.types import FormGenerator, State, UUIDstr

__all__ = ["FormGenerator", "State", "UUIDstr"]
