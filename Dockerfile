# Three images of one tree: `docker build .` makes the server, `--target pipeline` the whole command, `--target spark`
# that with Spark and Java. docs/how-to/image.md and run-on-spark.md tell how to run them; `make image-test` builds and
# runs them.
#
# The base is Debian's own and Python is Debian's package: whoever has no registry makes the same base from Debian's
# mirror (mmdebstrap trixie) and builds this file as it is. Nothing but Debian's minimal base is taken for granted.
FROM debian:trixie-20261005-slim AS base
ARG DEBIAN_FRONTEND=noninteractive
# The authorities are for TLS: probe, object stores, webhooks; and pip below. The bytecode is compiled anew so that it
# holds whatever times a builder gives the files: a read-only root file system can keep none, and without it every start
# compiles every module that it imports. The link is for those whose environment takes the place of the image's.
RUN apt-get update \
    && apt-get install -y --no-install-recommends 'ca-certificates=20*' 'python3=3.13.*' \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* \
    && python3 -m compileall -q -f --invalidation-mode unchecked-hash /usr/lib/python3.13 \
    && ln -s /opt/whofrom/bin/whofrom /usr/local/bin/whofrom
ENV PATH=/opt/whofrom/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1


# The project's wheel, by the locked backend. Debian's pip serves other environments, so that none made here has one.
FROM base AS wheel
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
    && apt-get install -y --no-install-recommends 'binutils=2.*' 'python3-pip=25.*' \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/build.txt requirements/
RUN python3 -m venv --without-pip /opt/build \
    && pip --python /opt/build/bin/python install --no-cache-dir --no-deps --only-binary :all: --require-hashes \
        -r requirements/build.txt
COPY pyproject.toml README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY requirements/whofrom.cdx.json requirements/
COPY docs/completion/ docs/completion/
COPY docs/man/ docs/man/
COPY echo/ echo/
COPY pipeline/ pipeline/
RUN pip --python /opt/build/bin/python wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist .


# Half of what the wheels' libraries take is debugging symbols.
FROM wheel AS install-echo
COPY requirements/echo.txt requirements/
RUN python3 -m venv --without-pip /opt/whofrom \
    && pip --python /opt/whofrom/bin/python install --no-cache-dir --no-compile --only-binary :all: --require-hashes \
        -r requirements/echo.txt \
    && pip --python /opt/whofrom/bin/python install --no-cache-dir --no-compile --no-deps --no-index /dist/*.whl \
    && find /opt/whofrom/lib -name '*.so' -exec strip --strip-debug {} + \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/whofrom/lib


# pyarrow's tests, headers and Flight, its network protocol, are 47 MB that nothing here imports.
FROM wheel AS install-pipeline
COPY requirements/pipeline.txt requirements/
RUN python3 -m venv --without-pip /opt/whofrom \
    && pip --python /opt/whofrom/bin/python install --no-cache-dir --no-compile --only-binary :all: --require-hashes \
        -r requirements/pipeline.txt \
    && pip --python /opt/whofrom/bin/python install --no-cache-dir --no-compile --no-deps --no-index /dist/*.whl \
    && find /opt/whofrom/lib -path '*/pyarrow/*' \
        \( -name tests -o -name include -o -name src -o -name '*flight*' \) -prune -exec rm -r {} + \
    && find /opt/whofrom/lib -name '*.so*' -exec strip --strip-debug {} + \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/whofrom/lib


FROM base AS pipeline
LABEL org.opencontainers.image.title="whofrom pipeline" \
      org.opencontainers.image.description="Who are these requests from? SQL over everyone's access logs." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="docker.io/library/debian:trixie-20261005-slim"
COPY --from=install-pipeline /opt/whofrom /opt/whofrom
# a volume keeps the owner of the folder on which it is mounted first: the lake's
RUN install -d -o 65532 -g 65532 /data
WORKDIR /data
VOLUME /data
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["whofrom"]


# Spark comes as a source distribution that holds jars ready to run; Debian's setuptools packs it. What it has for R,
# Windows and other languages' shells, and its own tests and examples, is nothing that runs here.
FROM wheel AS install-spark
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
    && apt-get install -y --no-install-recommends 'python3-setuptools=78.*' \
    && rm -rf /var/lib/apt/lists/*
COPY requirements/spark.txt requirements/
RUN sed -n '/^pyspark==/,/[^\\]$/p' requirements/spark.txt >/tmp/pyspark.txt \
    && sed '/^pyspark==/,/[^\\]$/d' requirements/spark.txt >/tmp/others.txt \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --require-hashes --wheel-dir /dist -r /tmp/pyspark.txt \
    && python3 -m venv --without-pip /opt/whofrom \
    && pip --python /opt/whofrom/bin/python install --no-cache-dir --no-compile --only-binary :all: --require-hashes \
        -r /tmp/others.txt \
    && pip --python /opt/whofrom/bin/python install --no-cache-dir --no-compile --no-deps --no-index /dist/*.whl \
    && find /opt/whofrom/lib -path '*/pyarrow/*' \
        \( -name tests -o -name include -o -name src -o -name '*flight*' \) -prune -exec rm -r {} + \
    && find /opt/whofrom/lib -path '*/pyspark/*' \
        \( -name tests -o -name examples -o -name '*.cmd' -o -path '*/pyspark/data' \) -prune -exec rm -r {} + \
    && find /opt/whofrom/lib -name '*.so*' -exec strip --strip-debug {} + \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/whofrom/lib


# One image for the driver and its executors: the same Python, the same whofrom, the same Spark in all of them. Spark
# starts pods in it with words of its own, which the entry point understands. It mounts settings below /opt/spark. Java
# asks the system for the user's name and ends where it has none. Workers that outlive their parents are tini's.
FROM base AS spark
ARG DEBIAN_FRONTEND=noninteractive
LABEL org.opencontainers.image.title="whofrom on Spark" \
      org.opencontainers.image.description="Who are these requests from? SQL over everyone's access logs, on a cluster." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="docker.io/library/debian:trixie-20261005-slim"
RUN apt-get update \
    && apt-get install -y --no-install-recommends 'openjdk-21-jre-headless=21.*' 'tini=0.19.*' \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* \
    && echo 'whofrom:x:65532:65532::/data:/usr/sbin/nologin' >>/etc/passwd \
    && echo 'whofrom:x:65532:' >>/etc/group
COPY --from=install-spark /opt/whofrom /opt/whofrom
COPY deploy/spark/entrypoint.py /opt/spark-entrypoint.py
RUN home=$(python3 -c 'import pyspark; print(*pyspark.__path__)') \
    && ln -s "$home" /opt/spark \
    && mkdir /opt/spark/conf \
    && ln -s "$home/../pipeline/submit/whofrom.py" /opt/spark/whofrom.py \
    && install -d -o 65532 -g 65532 /data
ENV SPARK_HOME=/opt/spark \
    PYSPARK_PYTHON=/opt/whofrom/bin/python3
WORKDIR /data
VOLUME /data
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "-s", "--", "python3", "/opt/spark-entrypoint.py"]


# The server listens on port 80, as whoami does, without being root: docs/how-to/image.md tells where that works as it
# is, and what to do elsewhere. No file capability is set for it: where all capabilities are dropped, as for restricted
# pods, the kernel would refuse to start the program at all, whatever port it is to listen on.
# The default target: it must stay the last stage.
FROM base AS echo
LABEL org.opencontainers.image.title="whofrom" \
      org.opencontainers.image.description="Who is this request from? A whoami that judges the client address it sees." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="docker.io/library/debian:trixie-20261005-slim"
COPY --from=install-echo /opt/whofrom /opt/whofrom
USER 65532:65532
EXPOSE 80
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["whofrom", "health"]
ENTRYPOINT ["whofrom", "serve"]
