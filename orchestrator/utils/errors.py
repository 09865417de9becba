"""Errors that a step raises to say what kind of failure it met."""

from tasks.exceptions import ApiException, InconsistentDataError, ProcessFailureError

__all__ = ["ApiException", "InconsistentDataError", "ProcessFailureError"]
