# One image for a hub's web and for Airflow (target hub), and a small one for objects (target objects).

FROM python:3.11-slim-bookworm AS hub
ENV PYTHONUNBUFFERED=1 GX_ANALYTICS_ENABLED=false TONGBAN_ROOT=/opt/tongban \
    AIRFLOW_CONFIG=/opt/tongban/airflow.cfg PATH=/opt/tongban/.venv/bin:$PATH
WORKDIR /opt/tongban
COPY requirements.lock requirements-uv.lock ./
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements-uv.lock \
 && .venv/bin/uv pip install --no-cache --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/uv pip install --no-cache --no-deps -e . \
 && useradd --uid 10001 --create-home --home-dir /home/tongban tongban \
 && install -d -o tongban -g tongban -m 0700 /srv/hub
USER 10001
VOLUME /srv/hub
CMD ["tongban", "web", "--home", "/srv/hub"]

FROM golang:1.26-bookworm AS objects-build
RUN GOBIN=/out go install github.com/versity/versitygw/cmd/versitygw@v1.8.0

FROM debian:bookworm-slim AS objects
COPY --from=objects-build /out/versitygw /usr/local/bin/versitygw
RUN useradd --uid 10002 --create-home objects && install -d -o objects -g objects -m 0700 /srv/objects
USER 10002
VOLUME /srv/objects
CMD ["versitygw", "--version"]
