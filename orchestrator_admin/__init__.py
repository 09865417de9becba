"""The Django project: ground floor and upper floor of the house."""

__version__ = "0.1.0"
