"""A web process is ready before its first request."""

import gc
import sys

from django.template import engines

from orchestrator_admin.warm import warm_up
from tasks.registry import registered


def test_views_templates_and_workflows_are_loaded_and_left_alone_by_the_collector():
    try:
        warm_up()
        loader = engines["django"].engine.template_loaders[0]
        assert "schedules/_list.html" in loader.get_template_cache
        assert "schedules.views.listing" in sys.modules
        assert all(instance._workflow for instance in registered().values())
        assert gc.get_freeze_count() > 50_000
    finally:
        gc.unfreeze()
