# Heatproof on a CPU. A study is made and run in /work, which is a folder of your own:
#
#     docker build -t heatproof .
#     docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" heatproof demo
#
# runs the demo (3 minutes) and leaves its report in demo/reports/index.html. Any command of
# heatproof may stand in the place of `demo`; `--entrypoint dvc` calls DVC.
#
# python:3.11-slim-bookworm, for amd64 and arm64.
FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

# A study is a git repository; make is what the documentation calls.
RUN apt-get update \
    && apt-get install -y --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/heatproof

# The requirements first: they are 3 GB, and stay in the builder's cache while only code changes.
COPY requirements.txt ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.txt

COPY . ./
RUN .venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation -e .
# Whoever runs it may not write bytecode here. Some packages carry files for other Pythons.
RUN .venv/bin/python -m compileall -qq -j 0 .venv/lib heatproof stages tools || true

# Git commits under a name, and takes the folders of the person whose container this is.
RUN useradd --create-home --uid 1000 heatproof \
    && git config --system safe.directory '*' \
    && mkdir /work && chown heatproof /work

ENV PATH=/opt/heatproof/.venv/bin:$PATH
WORKDIR /work
USER 1000
ENTRYPOINT ["heatproof"]
CMD ["--help"]
