"""The facility that skips, or fails, a test whose surroundings are incomplete."""

from pathlib import Path

import pytest

from tests import needs as facility

ONE_NEEDY_TEST = """
    import pytest

    @pytest.mark.needs("shared")
    def test_that_reads_a_map():
        pass
"""


@pytest.fixture
def desk(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A machine with nothing beside the repository, and no promises."""
    monkeypatch.setenv("FLEET_SHARED", str(pytester.path / "absent"))
    monkeypatch.delenv("FLEET_REQUIRE", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # none is wanted here, and they take seconds
    marks = "\n".join(f"    {thing}" for thing in ("needs(*things)", *facility.FINDERS))
    pytester.makeini(f"[pytest]\naddopts = --strict-markers\nmarkers =\n{marks}\n")
    pytester.makeconftest("from tests.needs import *\nfrom tests.needs import shared")
    return pytester


def test_a_test_runs_where_what_it_needs_is_there(desk: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_SHARED", str(desk.mkdir("beside")))
    desk.makepyfile(ONE_NEEDY_TEST)
    desk.runpytest().assert_outcomes(passed=1)


def test_a_test_is_skipped_with_the_reason_where_what_it_needs_is_absent(desk: pytest.Pytester) -> None:
    desk.makepyfile(ONE_NEEDY_TEST)
    result = desk.runpytest("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*needs shared, which is absent"])


def test_the_skip_is_a_failure_where_the_thing_was_promised(
    desk: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_REQUIRE", "shared, mosquitto")
    desk.makepyfile(ONE_NEEDY_TEST)
    result = desk.runpytest()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*FLEET_REQUIRE names shared, but it is absent*"])


def test_a_promise_of_another_thing_leaves_the_skip_a_skip(
    desk: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_REQUIRE", "chromium")
    desk.makepyfile(ONE_NEEDY_TEST)
    desk.runpytest().assert_outcomes(skipped=1)


def test_a_misspelt_promise_is_refused_at_once(desk: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_REQUIRE", "mosquito")
    desk.makepyfile(ONE_NEEDY_TEST)
    result = desk.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no such thing to need: 'mosquito'*"])


def test_a_misspelt_need_is_refused_at_once(desk: pytest.Pytester) -> None:
    desk.makepyfile("import pytest\n\n@pytest.mark.needs('maps')\ndef test_that_reads_a_map():\n    pass\n")
    assert desk.runpytest().ret == pytest.ExitCode.USAGE_ERROR


def test_the_shared_fixture_needs_no_mark(desk: pytest.Pytester) -> None:
    desk.makepyfile("def test_that_reads_a_map(shared):\n    pass\n")
    desk.runpytest().assert_outcomes(skipped=1)


@pytest.mark.parametrize("chosen", ["not shared", "shared"])
def test_needs_can_be_selected_by_name(desk: pytest.Pytester, chosen: str) -> None:
    desk.makepyfile(ONE_NEEDY_TEST + "\n    def test_that_reads_nothing():\n        pass\n")
    expected = {"passed": 1} if chosen == "not shared" else {"skipped": 1}
    desk.runpytest("-m", chosen).assert_outcomes(**expected, deselected=1)


def test_the_newest_postgresql_is_taken() -> None:
    versions = ["9.6", "17", "15"]
    assert max(versions, key=facility._version) == "17"


def test_the_shared_folder_stands_beside_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLEET_SHARED", raising=False)
    found = facility.find_shared()
    assert found in (None, Path(__file__).resolve().parents[3] / "shared")
