"""The settings QR sets Collect up as a worker needs it, in the one shape that every Collect imports."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from server.people.usecases import setup_qr

URL = f"https://fire.example.org/key/{'k' * 43}"
STRINGS = {"server_url", "metadata_username"}
CHOICES = {
    "form_update_mode": {"manual", "previously_downloaded", "match_exactly"},
    "autosend": {"off", "wifi_only", "cellular_only", "wifi_and_cellular"},
    "font_size": {"13", "17", "21", "25", "29"},
}
ADMIN = {
    "edit_saved", "send_finalized", "view_sent", "get_blank", "delete_saved", "change_server",
    "change_project_display", "change_app_language", "change_font_size", "change_navigation", "maps",
    "form_update_mode", "periodic_form_updates_check", "automatic_update", "hide_old_form_versions",
    "change_autosend", "delete_after_send", "change_constraint_behavior", "high_resolution", "image_size",
    "guidance_hint", "external_app_recording", "instance_form_sync", "change_form_metadata", "analytics",
    "moving_backwards", "access_settings", "change_language", "jump_to", "save_mid", "save_as_draft",
    "finalize_in_form_entry", "bulk_finalize",
}  # fmt: skip


def a_card(**more):
    return setup_qr.settings(**{"server_url": URL, "username": "gw-01", "project_name": "荆山口村 第1单元", **more})


def read_by_collect(payload: str):
    return json.loads(zlib.decompress(base64.b64decode(payload, validate=True)).decode("utf-8"))


def test_the_phone_gets_what_the_worker_needs():
    general = a_card()["general"]

    assert general == general | {
        "server_url": URL,
        "metadata_username": "gw-01",
        "form_update_mode": "match_exactly",
        "autosend": "wifi_and_cellular",
        "font_size": "25",
    }


def test_only_keys_and_types_of_collects_schema_are_used():
    made = a_card()

    assert made.keys() == {"general", "project", "admin"}
    assert made["general"].keys() == STRINGS | CHOICES.keys()
    assert all(made["general"][key] in choices for key, choices in CHOICES.items())
    assert all(isinstance(made["general"][key], str) for key in STRINGS)
    assert made["admin"].keys() <= ADMIN
    assert all(allowed is False for allowed in made["admin"].values())
    assert made["project"] == {"name": "荆山口村 第1单元"}


def test_a_worker_may_still_work_enlarge_the_letters_and_scan_a_new_code():
    hidden = a_card()["admin"].keys()

    assert hidden.isdisjoint(
        {"edit_saved", "send_finalized", "view_sent", "change_font_size", "access_settings", "save_as_draft"}
    )


def test_a_worker_may_not_cut_the_phone_off_or_lose_reports():
    assert {"change_server", "form_update_mode", "change_autosend", "delete_after_send"} <= a_card()["admin"].keys()


@pytest.mark.parametrize("url", ["http://192.168.100.120:8600", "https://xiaofang.wangge.laiyuan.gov.cn"])
def test_a_module_of_a_printed_code_is_half_a_millimetre(url):
    key = "kF9_x2Qa7ZbLw0TnVr4cYs8JdUeHpGmXo1iSt6NqBzE"
    made = setup_qr.settings(f"{url}/key/{key}", "gw-106201-02", "白石山镇 荆山口村 消防网格")

    code = segno.make(setup_qr.payload(made), error="m", micro=False, boost_error=False)

    assert setup_qr.PRINTED_MM / code.symbol_size(border=2)[0] >= 0.5


def test_the_payload_is_a_zlib_stream_and_not_gzip_or_raw_json():
    raw = base64.b64decode(setup_qr.payload(a_card()), validate=True)

    assert raw[0] == 0x78
    assert int.from_bytes(raw[:2], "big") % 31 == 0


def test_the_vector_of_the_wire_contract_reads_the_same_way():
    vector = (
        "eJwtjlsKwjAQRbci8bc0tIKWbsBlhDGZttE8yiRRS+nenYB/93LnHGYXMwYkcGLcRUJ6I6lC3MSS85pGKSdL2OIX/OqwjTTLF24SHrrr"
        "L3Kl+ESdk+xEI6ZIXpXVQEblo0F2eMh6UQzr7DY+gZJjwmB4+tjJKghGaXSuOCBxNOLvq78E8NVwJ2tON0atjqF2jjq6SJzP+toP/VBB"
        "MN7yvB/HDy++Ruc="
    )

    assert read_by_collect(vector)["general"]["form_update_mode"] == "match_exactly"


@given(
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200),
    username=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64),
    project=st.text(st.characters(exclude_categories=("Cs",)), max_size=100),
)
def test_every_card_comes_back_as_it_went_in_and_stays_small(path, username, project):
    made = setup_qr.settings(f"https://fire.example.org/{path}", username, project)

    payload = setup_qr.payload(made)

    assert read_by_collect(payload) == made
    assert len(payload) < setup_qr.PAYLOAD_LENGTH_MAX
    assert "\n" not in payload


def test_the_code_uses_error_correction_l():
    code = segno.make(setup_qr.payload(a_card()), error="l", micro=False, boost_error=False)

    assert code.error == "L"
    assert setup_qr.svg(setup_qr.payload(a_card())).count(b"<path") == 1


def test_pictures_are_real_png_and_svg_and_the_terminal_gets_text():
    payload = setup_qr.payload(a_card())

    assert setup_qr.png(payload).startswith(b"\x89PNG\r\n\x1a\n")
    assert b"<svg" in setup_qr.svg(payload)
    assert len(set(map(len, setup_qr.terminal(payload).splitlines()))) == 1


def test_what_no_code_can_carry_is_refused_instead_of_drawn():
    with pytest.raises(ValueError, match="4000"):
        setup_qr.png("x" * 4000)


def test_the_card_says_where_to_scan_and_how_to_keep_drafts():
    text = setup_qr.card_text("网格员甲", "荆山口村 第1单元")

    assert "网格员甲" in text
    assert "ODK Collect 里面扫描，不要用微信" in text
    assert "使用二维码重新配置" in text
    assert "不要“添加项目”" in text
