"""Logs and metrics by Powertools: JSON lines without secrets, and CloudWatch metrics written as log lines (EMF)."""

from __future__ import annotations

import json
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from chalicelib.engine.redact import redact, redact_text

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

SERVICE = "mlc"


@cache
def logger() -> Logger:
    """The one logger. Every line goes through `redact` as a whole: message, extra keys, and the text of exceptions."""
    from aws_lambda_powertools import Logger

    return Logger(service=SERVICE, json_serializer=_line)


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(redact(entry), default=lambda other: redact_text(str(other)), ensure_ascii=False)


class EmfMetrics:
    """Implements `Metrics`: collects while an invocation runs; the entry layer calls `flush` at its end.

    Stages of one account each have a namespace, so that no alarm of one hears another.
    """

    def __init__(self, stage: str) -> None:
        self._namespace = f"{SERVICE}/{stage}"
        self._collected: dict[tuple[tuple[str, str], ...], list[tuple[str, float]]] = {}
        self._lock = Lock()

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        key = tuple(sorted((dimension, told) for dimension, told in dimensions.items() if told))
        with self._lock:
            self._collected.setdefault(key, []).append((name, value))

    def flush(self) -> None:
        """Write one line per set of dimensions; nothing when nothing was counted."""
        with self._lock:
            collected, self._collected = self._collected, {}
        if not collected:
            return
        from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

        for dimensions, counted in collected.items():
            metrics = EphemeralMetrics(namespace=self._namespace, service=SERVICE)
            for dimension, told in dimensions:
                metrics.add_dimension(dimension, told)
            for name, value in counted:
                metrics.add_metric(name, MetricUnit.Count, value)
            metrics.flush_metrics()
