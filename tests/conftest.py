"""Small nouns that every test may ask for."""

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
