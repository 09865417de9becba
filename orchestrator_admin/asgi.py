"""Entry point of the web processes: any ASGI server runs `orchestrator_admin.asgi:application`."""

import os
import warnings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_admin.settings")
os.environ["ORCHESTRATOR_ROLE"] = "web"
# WhiteNoise answers with a file, which Django reads in a thread: right for files of our sizes, and no news to anybody.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

import django  # noqa: E402  settings read the role

django.setup(set_prefix=False)

from orchestrator_admin.threads import Application  # noqa: E402  needs applications that are set up
from orchestrator_admin.warm import warm_up  # noqa: E402

application = Application()
warm_up()
