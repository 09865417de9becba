"""Entry point of the web processes: any ASGI server runs `orchestrator_admin.asgi:application`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_admin.settings")
os.environ["ORCHESTRATOR_ROLE"] = "web"

from django.core.asgi import get_asgi_application

application = get_asgi_application()
