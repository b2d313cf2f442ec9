"""Listens to all traffic of a broker, judges it, and tells each side what it does wrong: `fleet wire sniff`."""
