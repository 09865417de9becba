"""Celery on Redis, and django-celery-beat's database scheduler. Runs in an environment of its own, without our code.

Django settings, Celery application and measuring program in one: python -m celery_beat COUNT, with DATABASE and BROKER
in the environment. Prints JSON: empty tasks a second of one worker; seconds from the due time until the last of COUNT
one-off tasks that are due together has begun.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import django
from celery import Celery
from django.conf import settings

BROKER = os.environ["BROKER"]
_url = urlsplit(os.environ["DATABASE"])
if not settings.configured:
    settings.configure(
        SECRET_KEY="of a benchmark",
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django_celery_beat"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": _url.path.strip("/"),
                               "USER": _url.username, "HOST": parse_qs(_url.query)["host"][0]}},
    )  # fmt: skip
    django.setup()

app = Celery("celery_beat", broker=BROKER)
app.conf.update(task_ignore_result=True, timezone="UTC", worker_hijack_root_logger=False)


@app.task(name="empty")
def empty() -> None:
    """Say when it ran."""
    _redis().rpush("ran", str(time.time()))


def _redis():
    import redis

    global _connection
    _connection = globals().get("_connection") or redis.Redis.from_url(BROKER)
    return _connection


def main() -> None:
    count = int(sys.argv[1])
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _redis().flushdb()
    celery = [sys.executable, "-m", "celery", "-A", "celery_beat"]
    worker = subprocess.Popen([*celery, "worker", "-c", "8", "-l", "WARNING"], stdout=sys.stderr)
    beat = None
    try:
        empty.delay()
        _wait_for(1)
        rates = [_rate(count) for _ in range(3)]
        due = _make_one_offs(count)
        scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
        beat = subprocess.Popen([*celery, "beat", "-l", "WARNING", "-S", scheduler], stdout=sys.stderr)
        _wait_for(count)
        last = max(float(at) for at in _redis().lrange("ran", 0, -1))
        print(json.dumps({"rates": rates, "last": last - due.timestamp()}), flush=True)
    finally:
        for each in (beat, worker):
            if each is not None:
                each.terminate()
                each.wait(20)


def _rate(count: int) -> float:
    _redis().delete("ran")
    begun = time.time()
    for _ in range(count):
        empty.delay()
    _wait_for(count)
    return count / (max(float(at) for at in _redis().lrange("ran", 0, -1)) - begun)


def _make_one_offs(count: int) -> datetime:
    from django_celery_beat.models import ClockedSchedule, PeriodicTask

    _redis().delete("ran")
    due = (datetime.now(UTC) + timedelta(seconds=20)).replace(microsecond=0)
    clocked = ClockedSchedule.objects.create(clocked_time=due)
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"once {number}", task="empty", clocked=clocked, one_off=True) for number in range(count)
    )
    return due


def _wait_for(count: int) -> None:
    until = time.time() + 300
    while _redis().llen("ran") < count:
        assert time.time() < until
        time.sleep(0.05)


if __name__ == "__main__":
    main()
