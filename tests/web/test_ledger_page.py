"""The ledger as anybody may read it, keep it and check it."""

import string

import aiohttp
import pytest

from bot.web.words import LANGUAGES, catalogue
from storage.database import Database
from surveys.heads import Head
from surveys.ledger import verify_chain
from surveys.records import KINDS, TokensIssued, WaveOpened
from surveys.signatures import PublicKey
from tests.surveys.seal.province import OURS
from tests.web.ledgers import STORY, A, site_with_ledger


async def fetched(url: str, cookie: str | None = None) -> tuple[aiohttp.ClientResponse, str]:
    cookies = {"langnghe_language": cookie} if cookie else None
    async with aiohttp.ClientSession(cookies=cookies) as session, session.get(url) as response:
        return response, await response.text()


async def test_every_entry_is_told_in_plain_words(sqlite_database: Database) -> None:
    async with site_with_ledger(sqlite_database) as (url, _):
        response, page = await fetched(url + "/ledger")

    assert response.status == 200
    assert {record.kind for record in STORY} == set(KINDS)
    for sentence in (
        "Mở đợt. Từ đây câu hỏi, điều kiện và cách tính đã cố định.",
        "Danh sách mời được rút ngẫu nhiên từ số gốc 5eed.",
        "Cấp 1.200 mã đánh giá dùng một lần cho Phường Long Đức.",
        "2 người đã rút câu trả lời trước khi niêm phong.",
        "Niêm phong: mỗi phiếu một chỗ",
        "Không tính 3 phiếu của Phường Long Đức (sau khi đến làm việc, phiếu giấy).",
        "Lý do: một &lt;máy&gt;, ba mươi giây",
        "Hai người quyết định: Trần Văn A và Lê Thị B.",
        "Lùi việc hủy khóa đến 24/12/2026.",
        "Lý do: thanh tra tỉnh yêu cầu",
        "Hủy khóa của đợt.",
        "Công bố kết quả.",
        "Chốt bảng điểm năm 2026 của Phường Long Đức.",
    ):
        assert sentence in page
    assert "số gốc none" not in page
    assert page.index('id="e10"') < page.index('id="e1"')
    assert "08:30, 1/11/2026" in page


async def test_the_key_its_fingerprint_and_the_newest_head_stand_there(sqlite_database: Database) -> None:
    async with site_with_ledger(sqlite_database) as (url, audit):
        _, page = await fetched(url + "/ledger")
        head = await audit.head()

    assert OURS.key.text.replace("+", "&#43;") in page or OURS.key.text in page
    assert OURS.key.fingerprint in page
    for line in head.strip().splitlines():
        assert line.replace("+", "&#43;") in page or line in page


async def test_what_is_downloaded_can_be_checked(sqlite_database: Database) -> None:
    async with site_with_ledger(sqlite_database) as (url, _):
        lines_response, lines = await fetched(url + "/ledger.jsonl")
        head_response, head = await fetched(url + "/ledger.head")
        _, key = await fetched(url + "/ledger.key")

    published = PublicKey.read(key)
    entries = list(verify_chain(lines.splitlines(), published))
    assert [entry.record for entry in entries] == list(STORY)
    assert Head.read(head, published) == Head.over(lines.splitlines(), published)
    assert lines_response.headers["content-disposition"] == 'attachment; filename="ledger.jsonl"'
    assert head_response.headers["content-disposition"] == 'attachment; filename="head-11.txt"'


async def test_a_wave_can_be_read_alone(sqlite_database: Database) -> None:
    async with site_with_ledger(sqlite_database) as (url, _):
        _, page = await fetched(url + "/ledger?wave=2026")

    assert "Niêm phong" in page
    assert "Chốt bảng điểm" in page
    assert "mã đánh giá" not in page


@pytest.mark.parametrize(
    "query", ["?wave=<script>", "?before=0", "?before=x", "?before=999999999999", "?wave="]
)
async def test_a_strange_question_has_a_plain_answer(sqlite_database: Database, query: str) -> None:
    async with site_with_ledger(sqlite_database) as (url, _):
        response, page = await fetched(url + "/ledger" + query)

    assert response.status == 200
    assert "<script" not in page


async def test_a_long_ledger_comes_in_pages(sqlite_database: Database) -> None:
    opened = WaveOpened("dot", form=A, terms=A, weights=A, formulas=A, seed="none")
    story = (opened, *(TokensIssued("dot", "29263", number) for number in range(1, 120)))
    async with site_with_ledger(sqlite_database, story) as (url, _):
        _, first = await fetched(url + "/ledger")
        _, second = await fetched(url + "/ledger?before=71")
        _, third = await fetched(url + "/ledger?before=21&wave=dot")

    numbers = [
        [number for number in range(1, 121) if f'id="e{number}"' in page] for page in (first, second, third)
    ]
    assert numbers == [list(range(71, 121)), list(range(21, 71)), list(range(1, 21))]
    assert "/ledger?before=71" in first
    assert "before=" not in third


async def test_an_empty_ledger_says_so(sqlite_database: Database) -> None:
    async with site_with_ledger(sqlite_database, ()) as (url, _):
        _, page = await fetched(url + "/ledger")
        _, lines = await fetched(url + "/ledger.jsonl")

    assert "Chưa có dòng nào." in page
    assert lines == ""


async def test_what_is_added_is_seen_at_once(sqlite_database: Database) -> None:
    async with site_with_ledger(sqlite_database, STORY[:1]) as (url, audit):
        _, before = await fetched(url + "/ledger")
        async with sqlite_database.transaction() as tx:
            from handlers.ledger import Ledger

            await Ledger(OURS).append(tx, STORY[1], (await audit.told()).entries[0].at)
        _, after = await fetched(url + "/ledger")

    assert 'id="e2"' not in before
    assert 'id="e2"' in after


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_speaks_every_language_and_remembers_it(sqlite_database: Database, language: str) -> None:
    async with site_with_ledger(sqlite_database) as (url, _):
        response, page = await fetched(f"{url}/ledger?lang={language}")
        _, again = await fetched(f"{url}/ledger", cookie=language)

    assert f'<html lang="{language}">' in page
    assert f'<html lang="{language}">' in again
    assert catalogue(language, "ledger")["ledger.key_destroyed"] in page
    assert response.cookies["langnghe_language"].value == language


def test_its_catalogues_are_complete_and_take_the_same_values() -> None:
    def values(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    original = catalogue("vi", "ledger")
    assert {f"ledger.{kind}" for kind in KINDS} <= original.keys()
    for language in LANGUAGES:
        other = catalogue(language, "ledger")
        assert other.keys() == original.keys()
        for key, text in original.items():
            assert values(other[key]) == values(text), (language, key)
