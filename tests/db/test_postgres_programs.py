"""Which PostgreSQL the tests run on is chosen, and a missing one is told: skipped at a desk, a fault in CI."""

from __future__ import annotations

import pytest

from tests import postgres_server
from tests.db import postgres_programs
from tests.db.postgres_programs import Programs

NOBODY_HAS = "7"


@pytest.fixture
def here(monkeypatch, tmp_path) -> list[Programs]:
    """Two servers of Debian, and the package of a third."""
    monkeypatch.delenv(postgres_server.URL, raising=False)
    monkeypatch.delenv(postgres_programs.VERSION, raising=False)
    for version in ("9", "15"):
        (tmp_path / "debian" / version / "bin").mkdir(parents=True)
        (tmp_path / "debian" / version / "bin/initdb").touch()
    package = tmp_path / "site"
    for name in (postgres_programs.MODULE, f"{postgres_programs.MODULE}-18.6.3.dist-info"):
        (package / name).mkdir(parents=True)
    (package / postgres_programs.MODULE / "__init__.py").touch()
    (package / f"{postgres_programs.MODULE}-18.6.3.dist-info/METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {postgres_programs.PACKAGE}\nVersion: 18.6.3\n"
    )
    monkeypatch.syspath_prepend(package)
    monkeypatch.setattr(postgres_programs, "OF_DEBIAN", tmp_path / "debian")
    of_package = package / postgres_programs.MODULE / postgres_programs.INSTALLED
    return [Programs(18, of_package), *(Programs(int(v), tmp_path / "debian" / v / "bin") for v in ("15", "9"))]


def test_without_a_word_the_newest_of_debian_is_taken_and_each_can_be_asked_for(here, monkeypatch):
    packaged, newest, older = here

    assert postgres_programs.wanted() == newest
    for each in (packaged, newest, older):
        monkeypatch.setenv(postgres_programs.VERSION, str(each.version))
        assert postgres_programs.wanted() == each


def test_where_debian_has_none_the_package_is_taken(here, monkeypatch, tmp_path):
    monkeypatch.setattr(postgres_programs, "OF_DEBIAN", tmp_path / "none")

    assert postgres_programs.wanted() == here[0]


@pytest.mark.parametrize(("needed", "told"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_a_server_that_is_not_here_is_skipped_aloud_at_a_desk_and_is_a_fault_in_ci(here, monkeypatch, needed, told):
    monkeypatch.setenv(postgres_programs.VERSION, NOBODY_HAS)
    monkeypatch.setenv("FIREGRID_TEST_NEEDS_POSTGRES", needed)

    with pytest.raises(told, match="no PostgreSQL 7"):
        postgres_server.require()
