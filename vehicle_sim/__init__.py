"""The simulator: vehicles, people and roads that stand in for the hardware."""
