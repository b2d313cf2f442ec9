"""The report of a day: what was asked, what happened, and whether every parcel is accounted for."""

from fleet.report.assemble import assemble
from fleet.report.data import Asked, Effort, Fault, ReportData, Timings
from fleet.report.figures import report_json
from fleet.report.page import report_html
from fleet.report.truth import GroundTruth, truth_of

__all__ = [
    "Asked",
    "Effort",
    "Fault",
    "GroundTruth",
    "ReportData",
    "Timings",
    "assemble",
    "report_html",
    "report_json",
    "truth_of",
]
