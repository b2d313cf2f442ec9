"""Nouns of the trade: values only."""
