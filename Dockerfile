# syntax=docker/dockerfile:1
# Caseboard in a container: wheels are built in one stage, and only installed in the next.
#   docker build --target caseboard .     pages, API, syncs, clock, Flower
#   docker build --target images .        the same with a Chromium, for the workers that draw images
#   docker build --target backup .        the same with pg_dump and pg_restore of docker-compose.yml
ARG PYTHON=3.11.14-slim-trixie

FROM python:${PYTHON} AS wheels
# Only for what has no wheel on this kind of machine.
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential libxml2-dev libxmlsec1-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
# The names of the packages are enough to learn what they need; the code itself is copied below.
RUN mkdir app components pages etl && touch app/__init__.py \
 && pip wheel --no-cache-dir --wheel-dir /wheels -c constraints.txt '.[flower]' \
 && rm /wheels/caseboard-*.whl

FROM python:${PYTHON} AS caseboard
RUN groupadd --gid 10001 caseboard \
 && useradd --uid 10001 --gid caseboard --no-create-home --home-dir /srv/caseboard caseboard
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --no-deps /wheels/*.whl
WORKDIR /srv/caseboard
COPY app app
COPY components components
COPY pages pages
COPY etl etl
COPY assets assets
COPY samples samples
COPY pyproject.toml LICENSE ./
ENV PYTHONPATH=/srv/caseboard \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8050
ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["web", "--bind", "0.0.0.0:8050"]
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=4 \
    CMD ["python", "-m", "app.cli_healthy", "web"]

FROM caseboard AS images
USER root
RUN apt-get update \
 && apt-get install -y --no-install-recommends chromium fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
ENV CASEBOARD_CHROMIUM=/usr/bin/chromium
CMD ["worker", "--images"]
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=4 \
    CMD ["python", "-m", "app.cli_healthy", "images"]

FROM caseboard AS backup
USER root
# They must be of the server's major version.
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client-17 \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=10001 --group=10001 --mode=0700 /backup
USER 10001:10001
CMD ["backup", "/backup"]
HEALTHCHECK NONE
