"""
What goes wrong in the pipeline. Each is one line for the user: the fault, the place, the next step.

    echo.clientip.Fault
    ├── ConfigFault              the TOML or a flag is wrong (exit 2)
    └── PipelineFault            (exit 1)
        ├── UsageFault           a value given on the command line cannot be used (exit 2)
        ├── SourceFault          a file to ingest cannot be read to its end, or is no log
        │   ├── NoLog            it is no log that we know
        │   ├── Gone             there is no such file any more
        │   │   └── NoObject     there is no such object in a store
        │   ├── Unreachable      a store does not answer
        │   ├── Unfinished       it ends before its end: may be that it is being copied or compressed just now
        │   └── Rejected         a line of it is no row, and --strict was said
        ├── GeoFault             the mmdb is broken or no geo database
        ├── LakeFault            the lake is missing, is no lake, or cannot be written
        │   └── Overtaken        another ingest has committed lines of the same log meanwhile
        ├── QueryFault           a statement was refused or failed
        └── EngineFault          the engine that was chosen is not there, or does not run what it should
"""

from echo.clientip import Fault


class PipelineFault(Fault):
    """Anything the pipeline could not do."""


class UsageFault(PipelineFault):
    """A value given on the command line cannot be used."""

    exit_code = 2


class SourceFault(PipelineFault):
    """A source cannot be read to its end, or is no log."""


class NoLog(SourceFault):
    """A source is of no known format: an error where it was named, to be passed over where a folder held it."""


class Gone(SourceFault):
    """There is no such file: an error where it was named, none where a glob or a folder did, and a rotation came."""


class NoObject(Gone):
    """There is no such object in a store, and no folder of that name."""


class Unreachable(SourceFault):
    """A store does not answer, so it will not for others of its objects."""


class Unfinished(SourceFault):
    """A source ends too early, within a compressed part, or before the mark of a log that it begins like."""


class Rejected(SourceFault):
    """A line is no row, and none may be rejected."""


class GeoFault(PipelineFault):
    """The mmdb is broken or is no geo database."""


class LakeFault(PipelineFault):
    """The lake is missing, is no lake, or cannot be written."""


class Overtaken(LakeFault):
    """Another ingest has committed lines of the same log meanwhile; reading it again goes on behind them."""


class EngineFault(PipelineFault):
    """The engine that was chosen is not there, or does not run what it should."""


class QueryFault(PipelineFault):
    """A statement was refused or failed."""
