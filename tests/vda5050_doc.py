"""The page docs/vda5050.md: each line we hold ourselves to on the wire, with the tests that prove it.

The wording stands in `vda5050_lines.toml`; the proofs are the `vda5050` marks of the tests, as pytest collects them:

    @pytest.mark.vda5050("6.4", "6.5")
    def test_an_order_counts_as_taken_once_a_state_shows_it() -> None: ...

`python -m tests.vda5050_doc > docs/vda5050.md` writes the page anew; with the word `unproven` behind it, the lines
that no test proves yet are listed instead.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
LINES = TESTS / "vda5050_lines.toml"
PAGE = TESTS.parent / "docs" / "vda5050.md"

Proofs = Mapping[str, Sequence[str]]  # number of a line -> tests, as path::name

_INTRODUCTION = """\
# VDA 5050, line by line

*Written from the tests; `python -m tests.vda5050_doc > docs/vda5050.md` writes it anew.*

What we hold ourselves to on the wire, as the master of a fleet, in our own words; the standard itself is at
[github.com/VDA5050/VDA5050](https://github.com/VDA5050/VDA5050). A test stands beside a line only if it would fail were
the line broken. **MUST**: the standard asks it. **DO**: our choice where it is silent or leaves room. *fact*: what
vehicles do, and how we live with it. *see*: a question that the standard leaves open, and the lines that answer it.
"""
_HEAD = "| number | kind | what holds | proven by |\n| --- | --- | --- | --- |\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its number, MUST, DO, fact or see, and our words for it."""

    number: str
    kind: str
    wording: str
    see: tuple[str, ...] = ()

    @property
    def is_duty(self) -> bool:
        return self.kind not in ("fact", "see")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The lines of one topic."""

    number: int
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """All lines, why some of them are not proven, and what of others is not done, or is done otherwise."""

    sections: tuple[Section, ...]
    left_out: Mapping[str, str]
    in_part: Mapping[str, str]

    def lines(self) -> Iterator[Line]:
        for section in self.sections:
            yield from section.lines


def read_spec(path: Path = LINES) -> Spec:
    """The lines as their file has them."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    sections = tuple(
        Section(number=s["number"], title=s["title"], lines=tuple(_line(*row) for row in s["lines"]))
        for s in table["section"]
    )
    return Spec(sections=sections, left_out=table["left_out"], in_part=table["in_part"])


def _line(number: str, kind: str, wording: str, *see: str) -> Line:
    return Line(number=number, kind=kind, wording=wording, see=see)


# Proofs -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Marks:
    """A plug-in of pytest that notes which test bears which numbers."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            name = item.nodeid.partition("[")[0]
            for number in (str(number) for mark in item.iter_markers("vda5050") for number in mark.args):
                tests = self.found.setdefault(number, [])
                if name not in tests:
                    tests.append(name)


def collected() -> dict[str, list[str]]:
    """The proofs, by a collection in a process of its own: one pytest does not run within another."""
    command = [sys.executable, "-m", "tests.vda5050_doc", "marks"]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise RuntimeError(f"the tests could not be collected:\n{done.stdout}{done.stderr}")
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def _collect() -> int:
    """Collects the files that speak of the mark, and writes what bears it as JSON; the exit code."""
    files = [str(p) for p in sorted(TESTS.rglob("test_*.py")) if "mark.vda5050" in p.read_text(encoding="utf-8")]
    marks, said = _Marks(), io.StringIO()
    with redirect_stdout(said):
        code = pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", *files], plugins=[marks]) if files else 0
    if code:
        sys.stdout.write(said.getvalue())
        return int(code)
    json.dump({number: sorted(tests) for number, tests in sorted(marks.found.items())}, sys.stdout)
    return 0


# The page -----------------------------------------------------------------------------------------------------------


def is_proven(line: Line, proofs: Proofs, spec: Spec) -> bool:
    """Whether a test bears its number, and every line that it leads to is proven; those need no test of its own."""
    by_number = {other.number: other for other in spec.lines()}
    has_what_it_needs = bool(line.see or proofs.get(line.number))
    return has_what_it_needs and all(is_proven(by_number[number], proofs, spec) for number in line.see)


def unproven(proofs: Proofs, spec: Spec) -> list[Line]:
    """The lines without a proof, in the order of the page."""
    return [line for line in spec.lines() if not is_proven(line, proofs, spec)]


def proven_fraction(proofs: Proofs, spec: Spec) -> float:
    """How much of MUST and DO is proven, 0 to 1."""
    duties = [line for line in spec.lines() if line.is_duty]
    return sum(is_proven(line, proofs, spec) for line in duties) / len(duties)


def render(proofs: Proofs, spec: Spec) -> str:
    """The whole page as Markdown."""
    return "".join(
        [_INTRODUCTION, _summary(proofs, spec), *(_section(section, proofs, spec) for section in spec.sections)]
    )


def _summary(proofs: Proofs, spec: Spec) -> str:
    duties = [line for line in spec.lines() if line.is_duty]
    everything = list(spec.lines())
    done, all_done = (sum(is_proven(line, proofs, spec) for line in lines) for lines in (duties, everything))
    share = f"\n{done} of {len(duties)} lines of MUST and DO are proven, {all_done} of {len(everything)} of all.\n"
    missing = unproven(proofs, spec)
    if spec.in_part:
        share += f"Of these lines a part is left to others or done otherwise, as they say: {', '.join(spec.in_part)}.\n"
    return share + (f"Not proven: {', '.join(line.number for line in missing)}.\n" if missing else "")


def _section(section: Section, proofs: Proofs, spec: Spec) -> str:
    rows = "".join(_row(line, proofs, spec) for line in section.lines)
    return f"\n## {section.number}. {section.title}\n\n{_HEAD}{rows}"


def _row(line: Line, proofs: Proofs, spec: Spec) -> str:
    return f"| {line.number} | {line.kind} | {line.wording} | {_proof(line, proofs, spec)} |\n"


def _proof(line: Line, proofs: Proofs, spec: Spec) -> str:
    leads = ["see " + ", ".join(line.see)] if line.see else []
    tests = [f"`{test}`" for test in proofs.get(line.number, ())]
    if leads or tests:
        other = [f"*but {spec.in_part[line.number]}*"] if line.number in spec.in_part else []
        return "<br>".join([*leads, *tests, *other])
    return f"not proven: {spec.left_out.get(line.number, 'no test yet')}"


def main(words: Sequence[str]) -> int:
    if words == ["marks"]:
        return _collect()
    spec, proofs = read_spec(), collected()
    if words == ["unproven"]:
        sys.stdout.writelines(f"{line.number:<6} {line.kind:<9} {line.wording}\n" for line in unproven(proofs, spec))
    else:
        sys.stdout.write(render(proofs, spec))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
