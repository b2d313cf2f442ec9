"""Small nouns that every test may ask for."""

import gc

from hypothesis import settings

from tests.needs import (
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_runtest_setup,
    shared,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_runtest_setup",
    "shared",
]

# How long an example takes says more about what else the machine does than about us.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

# Simulated days make millions of small values that no cycle holds; to look for cycles among them so often costs a
# fourteenth of the time.
gc.set_threshold(100_000, 50, 100)
