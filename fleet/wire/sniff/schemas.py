"""The official schemas, from a folder that somebody has: `DIR/<version>/<topic>.json`. They are not part of this."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleet.errors import FleetError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

# Where a schema refuses what the text of its standard allows; tests/interop/test_wire_schemas.py shows each.
SLIPS: Mapping[tuple[str, str], str] = {
    ("2.0.0", "factsheet"): r"protocolFeatures\.agvActions\[\]\.blockingTypes.*",
    ("2.1.0", "state"): r"actionStates\[\]\.actionStatus",
    (
        "2.1.0",
        "factsheet",
    ): r"protocolFeatures\.agvActions\[\]\.blockingTypes.*|agvGeometry\.envelopes3d\[\]\.description",
}


class SchemasError(FleetError):
    """The schemas cannot be used; says what would do."""


@dataclass(frozen=True, slots=True)
class OfficialSchemas:
    """What the schemas of a folder say of messages."""

    validators: Mapping[tuple[str, str], Validator]

    @classmethod
    def load(cls, folder: Path) -> OfficialSchemas:
        """Read all schemas of a folder.

        Raises:
            SchemasError: there are none, one cannot be read, or the package that understands them is not installed.
        """
        try:
            from jsonschema.validators import validator_for
        except ModuleNotFoundError as fault:
            raise SchemasError("schemas need the package jsonschema: python -m pip install jsonschema") from fault
        found: dict[tuple[str, str], Validator] = {}
        for path in sorted(folder.glob("*/*.json")):
            try:
                schema = json.loads(path.read_text(encoding="utf-8"))
                found[path.parent.name, path.stem] = validator_for(schema)(schema)
            except (OSError, ValueError, AttributeError) as fault:
                raise SchemasError(f"{path} is no schema: {fault}") from fault
        if not found:
            raise SchemasError(f"{folder} holds no schemas; they are looked for as {folder}/2.1.0/state.json")
        return cls(found)

    def faults(self, version: str, topic_name: str, message: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
        """Place, words, and whether it is a known slip of the schema; nothing where there is no such schema."""
        validator = self.validators.get((version, topic_name))
        for error in validator.iter_errors(message) if validator else ():
            place = re.sub(r"\[\d+\]", "[]", error.json_path.removeprefix("$").removeprefix("."))
            is_slip = re.fullmatch(SLIPS.get((version, topic_name), r"(?!)"), place) is not None
            yield place, error.message[:200], is_slip
