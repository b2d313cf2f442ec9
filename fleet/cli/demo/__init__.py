"""`fleet demo`: a whole morning against simulated vehicles, with real processes, and a report at its end."""

from fleet.cli.demo.command import demo

__all__ = ["demo"]
