"""Entry point of the web processes: any ASGI server runs `orchestrator_admin.asgi:application`."""

import os
import warnings
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_admin.settings")
os.environ["ORCHESTRATOR_ROLE"] = "web"
# WhiteNoise answers with a file, which Django reads in a thread: right for files of our sizes, and no news to anybody.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

import django  # noqa: E402  settings read the role
from django.core.handlers.asgi import ASGIHandler  # noqa: E402

django.setup(set_prefix=False)

from orchestrator_admin.hardening import hardened  # noqa: E402  needs applications that are set up


class Application(ASGIHandler):
    """Django's, whose answers to what is no request at all (a path that is no UTF-8) are as strict as all others."""

    def create_request(self, *arguments: Any) -> tuple[Any, Any]:
        request, refusal = super().create_request(*arguments)
        return request, None if refusal is None else hardened(refusal)


application = Application()
