"""Input forms."""

from tasks.inputs import FormPage
from tasks.secrets import SecretField

__all__ = ["FormPage", "SecretField"]
