"""Helpers: solver processes behind the Solver port."""
