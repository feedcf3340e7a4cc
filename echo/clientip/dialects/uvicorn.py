"""To be written."""

from echo.clientip.dialects.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = ()
