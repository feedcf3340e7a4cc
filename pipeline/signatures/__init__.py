"""
Attack signatures: what attackers ask for, found in the request as it reads once its encodings are undone.

    target, agent, headers → prefilter → decode, texts → match, a family at a time → batch: ids, a list a row

`catalogue/` declares them, a family or kin families a file.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.signatures.batch import IDS_TYPE, signatures_of
from pipeline.signatures.catalogue import BY_ID, FAMILIES, SIGNATURES
from pipeline.signatures.signature import AREAS, LEVELS, Example, Signature

__all__ = [
    "AREAS", "BY_ID", "FAMILIES", "IDS_TYPE", "LEVELS", "SIGNATURES", "Example", "Signature", "catalogue_table",
    "signatures_of",
]  # fmt: skip


def catalogue_table() -> pa.Table:
    """Return what queries need to know of the signatures: id, family, title, severity, confidence, techniques."""
    return pa.table(
        {
            "id": pa.array([one.id for one in SIGNATURES], pa.string()),
            "family": pa.array([one.family for one in SIGNATURES], pa.string()),
            "title": pa.array([one.title for one in SIGNATURES], pa.string()),
            "severity": pa.array([one.severity for one in SIGNATURES], pa.string()),
            "confidence": pa.array([one.confidence for one in SIGNATURES], pa.string()),
            "techniques": pa.array([list(one.techniques) for one in SIGNATURES], pa.list_(pa.string())),
        }
    )
