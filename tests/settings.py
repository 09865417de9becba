"""Settings of a test run: the product's own, with a cluster and an application of the tests' own."""

import os
from pathlib import Path

KEPT = {"ORCHESTRATOR_DATA_DIR", "ORCHESTRATOR_APPS"}
OF_THE_PRODUCT = {"DATABASE_URL", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "TIME_ZONE", "LOG_FORMAT", "LOG_LEVEL"}
for name in set(os.environ) - KEPT:  # what a shell has exported for a deployment is not for the tests
    if name in OF_THE_PRODUCT or name.startswith("ORCHESTRATOR_"):
        del os.environ[name]
os.environ.setdefault("ORCHESTRATOR_DATA_DIR", str(Path(__file__).resolve().parent.parent / ".data" / "test"))
if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # a cluster each: some tests restart it, or kill it
    os.environ["ORCHESTRATOR_DATA_DIR"] += f"-{worker}"
os.environ.setdefault("ORCHESTRATOR_APPS", "tests")  # tests/workflows is loaded as any user's would be

from orchestrator_admin.settings import *  # noqa: E402, F403  reads the environment

DATABASES["default"]["TEST"] = {"NAME": f"test_{os.getpid()}_main"}  # noqa: F405  two runs do not meet
