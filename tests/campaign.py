"""How much a test works through: 1 in `make test`, a hundred times as much in `make campaign`."""

from __future__ import annotations

import os

CAMPAIGN = int(os.environ.get("FLEET_CAMPAIGN", "1"))
