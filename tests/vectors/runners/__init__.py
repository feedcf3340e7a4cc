"""Everything that claims to know the answer."""

from collections.abc import Mapping

from tests.vectors.rows import Runner
from tests.vectors.runners.scalar import scalar
from tests.vectors.runners.vectorised import vectorised
from tests.vectors.runners.wire import wire

RUNNERS: Mapping[str, Runner] = {
    "scalar": scalar,
    "vectorised": vectorised,
    "wire": wire,
}
