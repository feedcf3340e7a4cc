"""A Kubernetes API server on loopback, for the real kubectl: what it is, and what it is not, stands in server.py."""

from tests import iri

iri.defer()
