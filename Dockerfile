# Two images of one tree: `docker build .` makes the server, `docker build --target pipeline .` the whole command.
#
# The server listens on port 80, as whoami does, without being root: Docker since 20.10 and containerd since 2.0 (1.6
# with enable_unprivileged_ports) start a container with net.ipv4.ip_unprivileged_port_start=0 in its own network
# namespace. Where that is not so, or with the host's network, give `--port 8080`.

# The base images ship without the standard library's bytecode, and a read-only root file system can keep none: without
# this, every start compiles every module it imports.
FROM python:3.13-slim AS base
RUN python -m compileall -q --invalidation-mode unchecked-hash \
        -x '/(ensurepip|idlelib|site-packages|test|tkinter|turtledemo)/' /usr/local/lib/python3.13
ENV PATH=/opt/whofrom/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1


# The project's wheel.
FROM python:3.13-slim AS wheel
WORKDIR /src
COPY requirements/build.txt requirements/
RUN pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY requirements/whofrom.cdx.json requirements/
COPY echo/ echo/
COPY pipeline/ pipeline/
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist .


# A virtual environment without pip: nothing in the final image can install anything.
FROM base AS install-echo
COPY requirements/echo.txt /src/
RUN python -m venv --without-pip /opt/whofrom \
    && pip --python /opt/whofrom/bin/python install --no-cache-dir --only-binary :all: --require-hashes -r /src/echo.txt
COPY --from=wheel /dist/ /dist/
RUN pip --python /opt/whofrom/bin/python install --no-cache-dir --no-deps --no-index /dist/*.whl


FROM base AS install-pipeline
COPY requirements/pipeline.txt /src/
RUN python -m venv --without-pip /opt/whofrom \
    && pip --python /opt/whofrom/bin/python install --no-cache-dir --only-binary :all: --require-hashes \
        -r /src/pipeline.txt
COPY --from=wheel /dist/ /dist/
RUN pip --python /opt/whofrom/bin/python install --no-cache-dir --no-deps --no-index /dist/*.whl


FROM base AS pipeline
LABEL org.opencontainers.image.title="whofrom pipeline" \
      org.opencontainers.image.description="Who are these requests from? SQL over everyone's access logs." \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=install-pipeline /opt/whofrom /opt/whofrom
WORKDIR /data
USER 65532:65532
ENTRYPOINT ["whofrom"]


# The default target: it must stay the last stage.
FROM base AS echo
LABEL org.opencontainers.image.title="whofrom" \
      org.opencontainers.image.description="Who is this request from? A whoami that judges the client address it sees." \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=install-echo /opt/whofrom /opt/whofrom
USER 65532:65532
EXPOSE 80
STOPSIGNAL SIGTERM
ENTRYPOINT ["whofrom", "serve"]
