"""The tests run as stage local, whoever starts them."""

from __future__ import annotations

import os

os.environ.setdefault("STAGE", "local")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
