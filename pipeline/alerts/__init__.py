"""Alerts: findings that someone should act on, and where they are sent."""

from pipeline.alerts.alert import CONFIDENCES, SEVERITIES, SUBJECT_KINDS, Alert, worst_first

__all__ = ["CONFIDENCES", "SEVERITIES", "SUBJECT_KINDS", "Alert", "worst_first"]
