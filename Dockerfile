# The image of one Seawall process. It runs as user 10001 on a read-only root file system; it writes to `state_dir` alone.
# The tag pins the Python release. A release of Seawall pins its bytes too: --build-arg PYTHON=3.11.14-slim-trixie@sha256:…,
# with the digest that `docker buildx imagetools inspect python:3.11.14-slim-trixie` prints that day.
ARG PYTHON=3.11.14-slim-trixie

FROM python:${PYTHON} AS build
WORKDIR /opt/src
COPY requirements/build.txt requirements/base.txt requirements/
RUN python -m venv /opt/tools \
 && /opt/tools/bin/pip install --no-cache-dir --quiet --require-hashes -r requirements/build.txt
RUN python -m venv --without-pip /opt/seawall \
 && /opt/tools/bin/uv pip install --no-cache --quiet --compile-bytecode --python /opt/seawall/bin/python \
      --require-hashes -r requirements/base.txt \
 && find /opt/seawall -type d -name tests -prune -exec rm -r {} +
COPY pyproject.toml README.md LICENSE ./
COPY monitor monitor
COPY detectors detectors
COPY sinks sinks
RUN /opt/tools/bin/hatchling build --target wheel --directory /opt/dist \
 && /opt/tools/bin/uv pip install --no-cache --quiet --compile-bytecode --python /opt/seawall/bin/python \
      --no-deps /opt/dist/*.whl

FROM python:${PYTHON}
COPY --from=build /opt/seawall /opt/seawall
ENV PATH=/opt/seawall/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN install --directory --owner=10001 --group=10001 /var/lib/seawall
USER 10001:10001
WORKDIR /var/lib/seawall
EXPOSE 9464
ENTRYPOINT ["seawall"]
CMD ["run", "-c", "/etc/seawall/seawall.yaml"]
