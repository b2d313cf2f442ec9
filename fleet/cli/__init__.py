"""The operator at a terminal."""
