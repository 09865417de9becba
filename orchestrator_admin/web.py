"""The web process: uvicorn on our ASGI application, with its log lines going the way of all others."""

from __future__ import annotations

import argparse
import os
import signal
import sys

import uvicorn

from orchestrator_admin import layout

# Pages that follow a process live keep their connection open: let go of them soon, finish the others.
GRACE_SECONDS = 5


def main() -> None:
    """Serve until SIGTERM, which finishes the requests that run."""
    parser = argparse.ArgumentParser(prog=layout.program("server"), description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000", help="port to listen on")
    options = parser.parse_args()
    # uvicorn shuts down and then raises the signal again. That must end us in an orderly way: the last user of an
    # embedded server stops it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    proxies = os.environ.get("FORWARDED_ALLOW_IPS", "")
    uvicorn.run(
        "orchestrator_admin.asgi:application",
        host=options.host,
        port=options.port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
