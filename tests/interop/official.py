"""The official schemas of VDA 5050, read in place, and what they say of messages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from jsonschema import Draft202012Validator

NAMES = ("connection", "state", "visualization", "factsheet", "order", "instantActions")


def faults_of(shared: Path, name: str, payloads: Iterable[bytes], version: str = "2.1.0") -> list[str]:
    """Every fault that the schema of this topic finds, in its words."""
    schema = json.loads((shared / "vda5050" / version / f"{name}.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    return [error.message for payload in payloads for error in validator.iter_errors(json.loads(payload))]
