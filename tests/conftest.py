"""Small nouns that every test may ask for."""

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
