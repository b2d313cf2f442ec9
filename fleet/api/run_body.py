"""The body of POST /runs taken apart: JSON with one run or many, or a CSV with a run a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches

from pydantic_core import from_json

from fleet.api.faults import BadRequestError, FieldFault, InvalidError, shown
from fleet.api.run_request import RUNS_MAX, RawRun, RunIn, read_runs
from fleet.dispatch.commands import RunRequest
from fleet.model.site import Site

COLUMNS = tuple(RunIn.model_fields)
REQUIRED = tuple(name for name, field in RunIn.model_fields.items() if field.is_required())
HEADER_EXAMPLE = "station_id,point_id,parcels,ready_at,due_at"


def runs_of(body: bytes, content_type: str, site: Site) -> tuple[RunRequest, ...]:
    """The runs that a body asks for.

    Raises:
        BadRequestError: it is neither JSON nor CSV, or holds no run or too many.
        InvalidError: values in it cannot be used; lists all of them.
    """
    match content_type.partition(";")[0].strip().lower():
        case "application/json":
            raw, faults = _raw_json(body), list[FieldFault]()
        case "text/csv":
            raw, faults = _raw_csv(body)
        case _:
            remedy = "send application/json or text/csv"
            raise BadRequestError(415, "unsupported_media_type", f"cannot read {shown(content_type)}", remedy)
    if not raw and not faults:
        raise BadRequestError(422, "invalid", "there is no run in it", "give at least one run")
    if len(raw) > RUNS_MAX:
        remedy = f"send batches of up to {RUNS_MAX}, each with its own Idempotency-Key"
        raise BadRequestError(422, "invalid", f"{len(raw)} runs at once", remedy)
    return read_runs(raw, site, faults)


def _raw_json(body: bytes) -> list[RawRun]:
    try:
        value: object = from_json(body)
    except ValueError as error:
        raise BadRequestError(400, "not_json", f"no JSON: {shown(str(error))}", "send valid JSON in UTF-8") from None
    if isinstance(value, dict) and "runs" in value:
        beside = [name for name in value if name != "runs"]
        if beside:
            raise InvalidError([FieldFault(field=shown(beside[0]), value="", message="is unknown", remedy="drop it")])
        value = value["runs"]
        if not isinstance(value, list):
            remedy = 'send {"runs": [...]}, a list of runs, or one run'
            raise InvalidError([FieldFault(field="runs", value=shown(value), message="is no list", remedy=remedy)])
    if isinstance(value, list):
        return [RawRun(run, f"runs[{index}].") for index, run in enumerate(value)]
    return [RawRun(value)]


def _raw_csv(body: bytes) -> tuple[list[RawRun], list[FieldFault]]:
    """Rows with typed values, and what is wrong with the table itself."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequestError(400, "not_csv", f"no UTF-8 at byte {error.start}", "save the file as UTF-8") from None
    lines = _lines(text)
    try:
        header = next(lines, None)
        if header is None:
            raise BadRequestError(422, "invalid", "there is no run in it", f"begin with the line {HEADER_EXAMPLE}")
        names = [name.strip() for name in header[1]]
        faults = list(_header_faults(names))
        if faults:
            raise InvalidError(faults)
        return _rows(names, lines)
    except csv.Error as error:
        raise BadRequestError(400, "not_csv", f"no CSV: {error}", "use commas, and double quotes in pairs") from None


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def _rows(names: list[str], lines: Iterator[tuple[int, list[str]]]) -> tuple[list[RawRun], list[FieldFault]]:
    raw: list[RawRun] = []
    faults: list[FieldFault] = []
    for line, cells in lines:
        if len(cells) == len(names):
            raw.append(RawRun(_typed(dict(zip(names, cells, strict=True))), line=line))
            continue
        message = f"has {len(cells)} cells, the header has {len(names)}"
        remedy = "put texts that contain a comma in double quotes"
        faults.append(FieldFault(field="", value=shown(",".join(cells)), message=message, remedy=remedy, line=line))
    return raw, faults


def _header_faults(names: list[str]) -> Iterator[FieldFault]:
    for index, name in enumerate(names):
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1)
            remedy = f"did you mean {near[0]}?" if near else "there are " + ", ".join(COLUMNS)
            yield FieldFault(field=shown(name), value=shown(name), message="is no known column", remedy=remedy, line=1)
        elif name in names[:index]:
            yield FieldFault(field=name, value=name, message="stands twice", remedy="drop one of them", line=1)
    for name in REQUIRED:
        if name not in names:
            remedy = f"add it; a header may be {HEADER_EXAMPLE}"
            yield FieldFault(field=name, value="", message="the column is missing", remedy=remedy, line=1)


def _typed(cells: Mapping[str, str]) -> dict[str, object]:
    """Cells as the values they stand for; empty ones are not given, unreadable ones stay text and are told later."""
    stripped = {name: cell.strip() for name, cell in cells.items()}
    return {name: _READ.get(name, str)(cell) for name, cell in stripped.items() if cell}


def _number(read: Callable[[str], object]) -> Callable[[str], object]:
    def as_number(cell: str) -> object:
        try:
            return read(cell)
        except ValueError:
            return cell

    return as_number


def _ids(cell: str) -> object:
    return [part.strip() for part in cell.split(";")]


_READ: Mapping[str, Callable[[str], object]] = {
    "parcels": _number(int),
    "priority": _number(int),
    "mass_kg": _number(float),
    "volume_m3": _number(float),
    "parcel_ids": _ids,
}
