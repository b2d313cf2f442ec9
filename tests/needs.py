"""What a test needs from the machine: skipped where it is absent, failed where it was promised.

A desk may lack mosquitto; then the tests that start one are skipped, with the reason. Where
``FLEET_REQUIRE`` names it (``FLEET_REQUIRE=shared,mosquitto``, as in CI), the same absence is a failure, so
that a test cannot fall silent unseen.

    @needs("shared", "mosquitto")
    def test_a_recorded_day_reads_the_same_over_a_real_broker(shared: Path) -> None: ...

A fixture that starts such a thing asks for it itself: ``binary = require("mosquitto")``.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def find_shared() -> Path | None:
    """The folder of maps, schemas and instances: ``$FLEET_SHARED``, else ``shared`` beside the repository."""
    folder = Path(os.environ.get("FLEET_SHARED") or REPOSITORY.parent / "shared")
    return folder if folder.is_dir() else None


def find_mosquitto() -> Path | None:
    """The mosquitto program; Debian puts it where only root's PATH looks."""
    return _first_program("mosquitto", "/usr/sbin/mosquitto")


def find_postgresql() -> Path | None:
    """The folder that holds ``initdb`` and ``postgres``: the newest that Debian has, else from the PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest_last = sorted(versions, key=lambda initdb: _version(initdb.parent.parent.name))
    initdb = newest_last[-1] if newest_last else _first_program("initdb")
    return initdb.parent if initdb else None


def find_chromium() -> Path | None:
    """The Chromium program."""
    return _first_program("chromium", "chromium-browser", "google-chrome")


def find_openssl() -> Path | None:
    """The openssl program, which makes certificates."""
    return _first_program("openssl")


def _first_program(*names: str) -> Path | None:
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found) if found else None


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())


FINDERS: Mapping[str, Callable[[], Path | None]] = MappingProxyType(
    {
        "shared": find_shared,
        "mosquitto": find_mosquitto,
        "postgresql": find_postgresql,
        "chromium": find_chromium,
        "openssl": find_openssl,
    }
)


def needs(*things: str) -> pytest.MarkDecorator:
    """Marks a test (or class) that needs these things; one of the keys of ``FINDERS`` each."""
    return pytest.mark.needs(*known(things))


def require(thing: str) -> Path:
    """Where the thing is; skips the running test where it is absent, fails it where it was promised."""
    found = FINDERS[thing]()
    if found:
        return found
    if thing in promised():
        pytest.fail(f"FLEET_REQUIRE names {thing}, but it is absent", pytrace=False)
    pytest.skip(f"needs {thing}, which is absent")


def promised() -> frozenset[str]:
    """The things that ``FLEET_REQUIRE`` names."""
    names = (name.strip() for name in os.environ.get("FLEET_REQUIRE", "").split(","))
    return frozenset(known(filter(None, names)))


def known(things: Iterable[str]) -> tuple[str, ...]:
    """The same names, once it is sure that each means something."""
    names = tuple(things)
    for name in names:
        if name not in FINDERS:
            raise pytest.UsageError(f"no such thing to need: {name!r}; there are {', '.join(FINDERS)}")
    return names


def needed_by(item: pytest.Item) -> tuple[str, ...]:
    """What the test's ``needs`` marks name, its own and its class's and module's."""
    named = [str(thing) for mark in item.iter_markers("needs") for thing in mark.args]
    return known(dict.fromkeys(named))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of maps, schemas and instances beside the repository."""
    return require("shared")


def pytest_configure() -> None:
    """Refuses a misspelt ``FLEET_REQUIRE`` before anything runs."""
    promised()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives each test a mark for each need, so that ``-m "not mosquitto"`` selects."""
    for item in items:
        for thing in FINDERS:
            if thing in needed_by(item) or thing in getattr(item, "fixturenames", ()):
                item.add_marker(thing)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Looks for what the test needs before any fixture starts."""
    for thing in needed_by(item):
        require(thing)
