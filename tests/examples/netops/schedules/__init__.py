# schedules/__init__.py

from . import nightly_sync, node_enrollment
