# syntax=docker/dockerfile:1
# One image for every role: web processes, engines, migrations and all other management commands.
# Small (no compiler, no apt), not root, and nothing in it is written to while it runs.

FROM python:3.11.14-slim-bookworm AS packages
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /opt/exchange \
 && /opt/exchange/bin/pip install --no-cache-dir --only-binary=:all: -r requirements.txt

FROM python:3.11.14-slim-bookworm AS scripts
WORKDIR /build
COPY requirements-node.txt package.json package-lock.json .npmrc ./
RUN pip install --no-cache-dir --only-binary=:all: -r requirements-node.txt \
 && npm ci --omit=dev

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="exchange" \
      org.opencontainers.image.description="A self-hosted spot exchange" \
      org.opencontainers.image.licenses="MIT"
ENV PATH="/opt/exchange/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ALIVE_FILE=/tmp/alive
RUN groupadd --system --gid 10001 exchange \
 && useradd --system --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin exchange
COPY --from=packages /opt/exchange /opt/exchange
WORKDIR /exchange
COPY manage.py ./
COPY clients ./clients
COPY exchange_site ./exchange_site
COPY markets ./markets
COPY --from=scripts /build/node_modules ./node_modules
RUN PYTHONDONTWRITEBYTECODE= python -m compileall -q .
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Every process that serves touches this file from its event loop: web processes and engines alike.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, sys, time; sys.exit(time.time() - os.stat(os.environ['ALIVE_FILE']).st_mtime > 15)"]
ENTRYPOINT ["python", "manage.py"]
CMD ["serve", "--web", "--host", "0.0.0.0"]
