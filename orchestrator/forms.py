"""Input forms."""

from tasks.forms import FormPage, SecretField

__all__ = ["FormPage", "SecretField"]
