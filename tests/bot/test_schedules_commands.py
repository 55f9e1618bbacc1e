"""`langnghe schedules …` as an operator types it, on a database of their own."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app


@pytest.fixture
def langnghe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/langnghe.sqlite")
    monkeypatch.setenv("KEYS_DIR", str(tmp_path / "keys"))

    def typed(*words: str, said: str = "") -> Result:
        return CliRunner().invoke(app, list(words), input=said)

    assert typed("units", "import", "--seed-only").exit_code == 0
    return typed


def test_nothing_is_scheduled_until_somebody_wants_it(langnghe):
    assert "Nothing is scheduled" in langnghe("schedules", "list").output
    assert "do Lắng Nghe đề xuất" in langnghe("schedules", "propose", "86").output
    assert "Nothing is held" in langnghe("schedules", "holds").output


def test_a_proposal_is_said_back_before_it_is_kept(langnghe):
    refused = langnghe("schedules", "propose", "86", "--take", "visits", "--by", "An", said="n\n")
    assert refused.exit_code == 1
    assert "ngày 1 hằng tháng, 00:00" in refused.output
    assert refused.output.count("·") >= 4
    assert "Nothing was kept" in refused.output

    kept = langnghe("schedules", "propose", "86", "--take", "visits", "--by", "An", said="y\n")
    assert "Kept: 86-visits" in kept.output
    assert "86-visits" in langnghe("schedules", "next").output


def test_paused_resumed_run_ended(langnghe):
    langnghe("schedules", "propose", "86", "--take", "visits", "--by", "An", "--yes")

    assert "is paused" in langnghe("schedules", "pause", "86-visits", "--by", "Bình").output
    assert "Nothing in the next" in langnghe("schedules", "next").output
    assert "Bình" in langnghe("people", "audit").output
    assert "is resumed" in langnghe("schedules", "resume", "86-visits").output
    assert "is due now" in langnghe("schedules", "run", "86-visits", "--by", "An").output
    assert " due" in langnghe("schedules", "show", "86-visits").output
    assert "is ended" in langnghe("schedules", "end", "86-visits").output
    again = langnghe("schedules", "resume", "86-visits")
    assert (again.exit_code, "has ended" in again.output) == (1, True)


def test_one_of_your_own(langnghe, tmp_path):
    wanted = {
        "purpose": "wave.open",
        "unit": "29242",
        "title": "Quý",
        "subject": {
            "form": "tham_luot",
            "slug": "quy-{year}-{month:02}",
            "title": "Đánh giá, tháng {month}/{year}",
            "audience": "visits",
            "days": 14,
        },
        "calendar": {
            "rule": "nth_weekday",
            "nth": 1,
            "weekday": 0,
            "months": [1, 4, 7, 10],
            "at": "08:00",
            "starts_on": "2026-01-01",
            "over": 10800,
        },
    }
    (tmp_path / "quy.json").write_text(json.dumps(wanted), "utf-8")

    kept = langnghe("schedules", "add", "quy.json", "--by", "An", "--yes")

    assert "thứ Hai đầu tiên của tháng đầu mỗi quý, 08:00, gửi rải trong 3 giờ" in kept.output
    assert "Kept:" in kept.output


OF_A_WAVE = {"rule": "relative", "days_after": 3, "at": "09:00", "starts_on": "2026-01-01"}


@pytest.mark.parametrize(
    ("purpose", "subject", "event", "words"),
    [
        ("wave.invite", {"invite": {"sample": 200}}, "opening", "Mời 200 người mỗi phường, xã"),
        ("wave.remind", {"number": 2}, "opening", "Nhắc lần 2: chỉ người đã được mời mà chưa trả lời."),
        ("results.tell", {}, "release", "cho mọi người đăng ký ở đó, như nhau"),
    ],
)
def test_what_follows_a_wave_is_said_back_and_kept(langnghe, tmp_path, purpose, subject, event, words):
    to = {"kind": event, "of": "form:hang_nam_nguoi_dan"}
    wanted = {"purpose": purpose, "unit": "86", "title": "Theo đợt", "subject": subject}
    (tmp_path / "x.json").write_text(json.dumps(wanted | {"calendar": OF_A_WAVE | {"to": to}}), "utf-8")

    kept = langnghe("schedules", "add", "x.json", "--by", "An", said="y\n")

    assert words in kept.output
    assert "bất kỳ của phiếu hằng năm của người dân, 09:00" in kept.output
    assert "Kept:" in kept.output
    assert langnghe("schedules", "list").output.count("Theo đợt") == 1


def test_a_notice_of_no_template_and_what_could_never_happen_are_not_kept(langnghe, tmp_path):
    for purpose, subject, event, said in (
        ("notice.from_template", {"template": "none"}, "opening", "không có mẫu thông báo ấy"),
        ("results.tell", {}, "opening", "chỉ báo được từ ngày công bố"),
        ("wave.remind", {"number": 3}, "opening", "nhiều nhất 2 lần"),
        ("wave.remind", [], "opening", "subject must be an object"),
        ("coffee.make", {}, "opening", "is nothing that can be scheduled: wave.open, wave.invite"),
        ("wave.open", {}, "opening", "thiếu “form”"),
    ):
        to = {"kind": event, "of": "*"}
        wanted = {"purpose": purpose, "unit": "86", "title": "x", "subject": subject}
        (tmp_path / "x.json").write_text(json.dumps(wanted | {"calendar": OF_A_WAVE | {"to": to}}), "utf-8")

        refused = langnghe("schedules", "add", "x.json", "--by", "An", "--yes")

        assert (refused.exit_code, said in refused.output) == (1, True), refused.output
    assert "Nothing is scheduled" in langnghe("schedules", "list").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "none"), "There is no schedule none"),
        (("propose", "00000"), "No unit has the code 00000"),
        (("propose", "86", "--take", "nothing", "--by", "An"), "There is no proposal nothing"),
        (("propose", "86", "--take", "visits"), "Say who wants it"),
        (("release", "clock"), "Nothing is held for clock"),
        (("add", "none.json", "--by", "An"), "none.json cannot be read"),
        (("add", "broken.json", "--by", "An"), "is no JSON"),
        (("add", "poor.json", "--by", "An"), "lacks 'unit'"),
        (("add", "odd.json", "--by", "An"), "there is no rule 'sometimes'"),
    ],
)
def test_what_does_not_fit_says_what_to_do(langnghe, tmp_path, words, said):
    (tmp_path / "broken.json").write_text("{", "utf-8")
    (tmp_path / "poor.json").write_text('{"purpose": "wave.open"}', "utf-8")
    odd = {"purpose": "wave.open", "unit": "86", "title": "x"}
    calendar = {"rule": "sometimes", "at": "08:00", "starts_on": "2026-01-01"}
    (tmp_path / "odd.json").write_text(json.dumps({**odd, "calendar": calendar}), "utf-8")

    result = langnghe("schedules", *words)

    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_run_that_never_was_cannot_be_repeated(langnghe):
    langnghe("schedules", "propose", "86", "--take", "visits", "--by", "An", "--yes")

    never = langnghe("schedules", "run", "86-visits", "--by", "An", "--due", "2026-01-01 00:00")
    odd = langnghe("schedules", "run", "86-visits", "--by", "An", "--due", "yesterday")

    assert "was neither skipped nor failed" in never.output
    assert "is no moment" in odd.output


def test_days_on_which_nobody_is_disturbed(langnghe):
    before = langnghe("schedules", "days", "86").output
    assert "Tết Nguyên Đán" in before

    day = next(each for each in _a_year_from_today() if each not in before)
    assert langnghe("schedules", "day", "86", day, "quiet", "--name", "Ngày hội", "--by", "An").exit_code == 0
    assert f"{day}" in (shown := langnghe("schedules", "days", "29242").output)
    assert "Ngày hội" in shown
    assert langnghe("schedules", "day", "86", day, "as-before", "--by", "An").exit_code == 0
    assert langnghe("schedules", "days", "86").output == before

    for wrong in (
        ("86", day, "as-before", "--by", "An"),
        ("86", "30/4", "quiet", "--name", "x", "--by", "An"),
        ("86", "2020-01-01", "quiet", "--name", "x", "--by", "An"),
        ("29242", day, "quiet", "--name", "x", "--by", "An"),
        ("86", day, "sometimes", "--name", "x", "--by", "An"),
        ("86", day, "quiet", "--by", "An"),
    ):
        assert langnghe("schedules", "day", *wrong).exit_code == 1


def _a_year_from_today() -> list[str]:
    today = datetime.now(UTC).date()
    return [(today + timedelta(days=each)).isoformat() for each in range(2, 360)]


def test_a_backup_now(langnghe, tmp_path):
    assert langnghe("backup").exit_code == 1
    assert langnghe("backup", "--to", str(tmp_path / "keys" / "copies")).exit_code == 1

    made = langnghe("backup", "--to", str(tmp_path / "copies"))

    assert made.exit_code == 0
    [file] = (tmp_path / "copies").iterdir()
    assert str(file) in made.output


def test_one_that_cannot_be_read_says_what_to_do_and_the_others_are_listed(langnghe, tmp_path):
    langnghe("schedules", "propose", "86", "--take", "visits", "--take", "forum", "--by", "An", "--yes")
    with sqlite3.connect(tmp_path / "langnghe.sqlite") as database:
        database.execute("UPDATE schedules SET calendar = '{' WHERE id = '86-forum'")

    assert "86-visits" in langnghe("schedules", "next").output
    listed = langnghe("schedules", "list").output
    assert "86-visits" in listed
    assert "86-forum" in listed
    shown = langnghe("schedules", "show", "86-forum").output
    assert "Its row cannot be read" in shown
    assert "langnghe schedules end 86-forum" in shown
    run = langnghe("schedules", "run", "86-forum", "--by", "An")
    assert (run.exit_code, "cannot be read" in run.output) == (1, True)
    assert "is ended" in langnghe("schedules", "end", "86-forum").output
