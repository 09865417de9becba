# One image for the three roles. Web is the default; the other two are `python manage.py runworker` and
# `python manage.py runscheduler`. Build: docker build -t orchestrator-admin .
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    LOG_FORMAT=json HOST=0.0.0.0 PORT=8000
WORKDIR /srv/orchestrator

# Dependencies first: they change less often than the code.
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m pip install --require-hashes --no-deps --only-binary :all: -r requirements/runtime.txt

COPY . .
RUN SECRET_KEY=of-this-line-only python manage.py compilemessages
RUN SECRET_KEY=of-this-line-only python manage.py collectstatic --no-input --verbosity 0
RUN python -m compileall -q accounts orchestrator orchestrator_admin schedules tasks

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin orchestrator
USER orchestrator
EXPOSE 8000
CMD ["bin/server"]
