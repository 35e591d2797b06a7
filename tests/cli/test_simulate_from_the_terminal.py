"""``firegrid simulate`` on a terminal: what it prints, its exit status, and the script of a run that fails."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from server.cli.main import main
from server.records.store import buckets


def simulate(*words: str):
    return CliRunner().invoke(main, ["simulate", *words])


def test_a_fault_that_is_none_is_named_with_the_cure():
    done = simulate("--faults", "restore,flood")

    assert done.exit_code == 2
    assert "没有名为 flood 的故障；--list-faults 列出全部" in done.stderr


@pytest.mark.parametrize("content", ["", "{", "[]", '{"events": 1}'])
def test_a_file_that_is_no_script_is_refused(tmp_path, content):
    path = tmp_path / "script.json"
    path.write_text(content, encoding="utf-8")

    done = simulate("--script", str(path))

    assert done.exit_code == 2
    assert "不是模拟脚本" in done.stderr


def test_the_faults_are_listed():
    done = simulate("--list-faults")

    assert done.exit_code == 0
    assert "kill_after_commit" in done.stdout
    assert "put_back" in done.stdout


@pytest.mark.slow
def test_a_run_that_breaks_a_promise_ends_with_1_and_leaves_a_short_script(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(buckets, "of", lambda _record: set())  # nobody is told that anything is new
        done = simulate("--seed", "1", "--phones", "2", "--days", "1", "--trace", "trace.txt")
        again = simulate("--script", "simulate-1.json")

    assert (done.exit_code, again.exit_code) == (1, 1)
    assert "BROKEN" in done.stdout
    assert "shortened to " in done.stdout
    script = json.loads((tmp_path / "simulate-1.json").read_text(encoding="utf-8"))
    assert 0 < len(script["events"]) < 20
    assert (tmp_path / "trace.txt").stat().st_size > 0
    assert simulate("--script", "simulate-1.json").exit_code == 0
