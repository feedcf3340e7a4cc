"""What other programs would conclude from the same request: one file a program, one table of them all."""

from echo.clientip.dialects import (
    apache,
    caddy,
    envoy,
    express,
    gin,
    haproxy,
    ingress_nginx,
    koa,
    nginx,
    rack,
    rails,
    traefik,
    uvicorn,
    werkzeug,
)
from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver

_PROGRAMS = (
    nginx,
    ingress_nginx,
    envoy,
    traefik,
    caddy,
    haproxy,
    apache,
    express,
    koa,
    rails,
    rack,
    gin,
    uvicorn,
    werkzeug,
)
DIALECTS: dict[str, Dialect] = {dialect.name: dialect for program in _PROGRAMS for dialect in program.DIALECTS}

__all__ = ["DIALECTS", "Answer", "Arrival", "Dialect", "Resolver"]
