"""What the README tells people to type exists, and the files it points to are there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
LINES = [line.split("#")[0].strip() for line in BLOCKS.splitlines() if line.strip()]
MODULES = {".venv/bin/fleet": "fleet", ".venv/bin/vehicle-sim": "vehicle_sim"}
COMMANDS = [line for line in LINES if line.startswith(".venv/bin/")]
OFFLINE = [line for line in COMMANDS if " config check " in line or " run configs/" in line]


def words_of(line: str) -> tuple[str, list[str]]:
    program, *words = shlex.split(line)
    return MODULES[program], words


def run(module: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=False)  # noqa: S603


def test_the_readme_shows_commands_at_all() -> None:
    assert len(COMMANDS) >= 10
    assert len(OFFLINE) == 2


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_and_option_of_the_readme_exists(line: str) -> None:
    module, words = words_of(line)
    depth = 2 if module == "fleet" and words[0] not in ("serve", "status", "watch") else 1
    told = run(module, [*words[:depth], "--help"])
    assert told.returncode == 0, told.stderr
    for option in (word for word in words[depth:] if word.startswith("--")):
        assert option in told.stdout


@pytest.mark.parametrize("line", OFFLINE)
def test_commands_that_need_no_daemon_do_what_the_readme_says(line: str) -> None:
    done = run(*words_of(line))
    assert done.returncode == 0, done.stderr


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make (\w+)", "\n".join(LINES), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md", "configs/**/*.md")


@pytest.mark.parametrize("page", sorted(str(p.relative_to(ROOT)) for pattern in PAGES for p in ROOT.glob(pattern)))
def test_links_to_files_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{page}: {target}"


def test_the_index_names_every_page_of_the_docs() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [p.relative_to(ROOT / "docs") for p in (ROOT / "docs").rglob("*.md") if p.name != "index.md"]
    assert [str(page) for page in pages if f"]({page})" not in index] == []
