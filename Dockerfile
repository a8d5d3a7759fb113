# The platform without its embedded servers' data: packages from the hashed lock, a user of its own.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONUTF8=1 LC_ALL=C.UTF-8 \
    PATENTOPS_NO_BOOTSTRAP=1 PATENTOPS_STATE=/state \
    PATH=/opt/venv/bin:$PATH

WORKDIR /app
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements/run.txt \
 && groupadd --system --gid 10001 patentops \
 && useradd --system --uid 10001 --gid 10001 --home-dir /state patentops \
 && install -d -o patentops -g patentops -m 0711 /state \
 && install -d -o patentops -g patentops -m 0700 /backups

COPY . .
RUN python -m compileall -q .
USER patentops
VOLUME ["/state", "/backups"]
EXPOSE 8000
CMD ["uvicorn", "patentops.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--lifespan", "off", "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "5"]
