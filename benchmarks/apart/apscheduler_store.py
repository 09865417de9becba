"""APScheduler with its own SQLAlchemy store: DSN COUNT. Runs in an environment of its own, without our code.

Prints JSON: seconds from the due time until the last of COUNT jobs that are due together has run.
"""

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

ran: list[float] = []
everyone = threading.Event()


def job(count: int) -> None:
    ran.append(time.time())
    if len(ran) == count:
        everyone.set()


def main() -> None:
    dsn, count = sys.argv[1], int(sys.argv[2])
    scheduler = BackgroundScheduler(jobstores={"default": SQLAlchemyJobStore(url=dsn)}, timezone=UTC)
    scheduler.start(paused=True)
    due = datetime.now(UTC) + timedelta(seconds=count * 0.01 + 3)
    for number in range(count):
        scheduler.add_job("apscheduler_store:job", "date", run_date=due, id=str(number), args=[count],
                          misfire_grace_time=600)  # fmt: skip
    scheduler.resume()
    assert everyone.wait(300)
    print(json.dumps({"last": max(ran) - due.timestamp()}))
    scheduler.shutdown()


if __name__ == "__main__":
    sys.modules["apscheduler_store"] = sys.modules["__main__"]
    main()
