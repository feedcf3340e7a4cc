"""`python -m tests.cluster [FILE.yaml …]`: run one, with the objects of the files in it, until interrupted."""

import contextlib
import signal
import sys
import tempfile
from pathlib import Path

import yaml

from tests.cluster.server import cluster

documents = [document for name in sys.argv[1:] for document in yaml.safe_load_all(Path(name).read_text("utf-8"))]
with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), documents) as running:
    for name, value in running.environment.items():
        print(f"export {name}={value}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
