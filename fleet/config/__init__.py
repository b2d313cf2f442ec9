"""Settings: one site file, then the environment, then flags."""

from fleet.config.describe import describe
from fleet.config.local_time import local_time_s
from fleet.config.reading import Setting, load, show
from fleet.config.sources import Origin, Source

__all__ = ["Origin", "Setting", "Source", "describe", "load", "local_time_s", "show"]
