"""Settings of a test run: the product's own, with a cluster and an application of the tests' own."""

import os
from pathlib import Path

os.environ.setdefault("ORCHESTRATOR_DATA_DIR", str(Path(__file__).resolve().parent.parent / ".data" / "test"))
os.environ.setdefault("ORCHESTRATOR_APPS", "tests")  # tests/workflows.py is loaded as any user's would be

from orchestrator_admin.settings import *  # noqa: F403
