"""What Zalo's numbers ask of us, each as the strict Zalo answers it; and that nothing of a person or a secret is ever told."""

import io
import json
from datetime import timedelta

import docx
import pytest
import structlog

from bot.channels import zalo_requests as requests
from bot.channels.contract import (
    ContactGone,
    Misconfigured,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
    WindowClosed,
)
from bot.channels.zalo_errors import ERRORS
from surveys.conversation import Address, Option, Reply, Say
from tests.contracts.conftest import official_account
from tests.zalo_server.server import Fault
from tests.zalo_server.world import ENTERPRISE, GOVERNMENT, PERSONAL

V2, V3, UPLOAD = "/v2.0/oa/message", "/v3.0/oa/message/cs", "/v2.0/oa/upload/file"
TOKENS = "/v4/oa/access_token"
TEXT = "Câu 1. Ông/bà hài lòng không?"
QUESTION = Say(TEXT, (Option("Hài lòng", "t-4"), Option("Không hài lòng", "t-2")))
MINUTE = RetryAfter(timedelta(minutes=1))

# Section A7 of what is known of Zalo, row by row: what to do about it.
TABLE = {
    -32: MINUTE,
    -100: Rejected,
    -200: Unknown,
    -201: Rejected,
    -204: Misconfigured,
    -205: Misconfigured,
    -209: Misconfigured,
    -210: Rejected,
    -211: RetryAfter(timedelta(hours=1)),
    -212: Misconfigured,
    -213: WindowClosed,
    -214: MINUTE,
    -216: Misconfigured,
    -217: ContactGone,
    -218: WindowClosed,
    -219: Misconfigured,
    -220: Misconfigured,
    -221: Misconfigured,
    -223: Misconfigured,
    -224: Misconfigured,
    -227: WindowClosed,
    -230: WindowClosed,
    -232: WindowClosed,
    -233: Rejected,
    -234: RetryAfter,
    -235: Misconfigured,
    -237: Misconfigured,
    -238: Rejected,
    -240: Misconfigured,
    -241: Rejected,
    -242: Misconfigured,
    -244: ContactGone,
    -248: Rejected,
    -249: Rejected,
    -320: Misconfigured,
    -321: Misconfigured,
    -403: Misconfigured,
    -1340: Rejected,
    -1341: Rejected,
    -99999: Rejected,
}
# Section A9: what paid templates are refused with.
TEMPLATES = {
    -108: Rejected,
    -114: Rejected,
    -115: Misconfigured,
    -117: Misconfigured,
    -118: Rejected,
    -120: Misconfigured,
    -124: Misconfigured,
    -131: Misconfigured,
    -133: RetryAfter,
    -135: Misconfigured,
    -136: Misconfigured,
    -138: Misconfigured,
    -139: Rejected,
    -140: Rejected,
    -141: Rejected,
    -144: RetryAfter(timedelta(hours=1)),
    -146: Misconfigured,
    -147: RetryAfter(timedelta(hours=1)),
}


@pytest.fixture
def resident(zalo):
    resident = zalo.world.resident(zalo.oa)
    resident.says("chào")
    zalo.world.happened.clear()
    zalo.time.pass_by(600)
    return resident


@pytest.fixture
def address(oa, resident):
    return Address(oa.account, resident.id)


def test_every_number_that_is_known_stands_in_these_tables():
    assert set(ERRORS) == (TABLE.keys() | TEMPLATES.keys()) - {-99999}


@pytest.mark.parametrize(("error", "wanted"), (TABLE | TEMPLATES).items())
async def test_each_number_says_what_we_must_do(zalo, oa, resident, address, error, wanted):
    zalo.fails(V2, *[Fault(error=error)] * 3)

    outcome = await oa.send(address, Say(TEXT))

    if isinstance(wanted, type):
        assert isinstance(outcome, wanted)
    else:
        assert outcome == wanted
    assert resident.texts == []


async def test_a_number_nobody_knows_is_said_aloud(zalo, oa, address):
    zalo.fails(V2, Fault(error=-77777))

    with structlog.testing.capture_logs() as logs:
        await oa.send(address, Say(TEXT))

    assert [(each["event"], each["error"]) for each in logs if each["log_level"] == "error"] == [
        ("zalo.unknown_error", -77777)
    ]


async def test_at_night_a_broadcast_waits_for_five_past_six(zalo, oa, address):
    zalo.fails(V2, Fault(error=-234))
    begun = oa._now()

    outcome = await oa.send(address, Say(TEXT))

    assert isinstance(outcome, RetryAfter)
    then = (begun + outcome.delay + timedelta(hours=7)).time()
    assert (then.hour, then.minute) == (6, 5)


# ── Which address ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("type", "first", "refused_as", "then"),
    [(GOVERNMENT, "v3", -235, "v2"), (ENTERPRISE, "v2", -240, "v3")],
)
async def test_the_other_address_is_taken_after_exactly_this_number_and_remembered(
    zalo, residents, sqlite_database, vault, resident, type, first, refused_as, then
):
    zalo.oa.type = type
    pinned: list[str] = []

    async def pin(address: str) -> None:
        pinned.append(address)

    async with official_account(
        zalo, residents.receive, sqlite_database, vault, address=first, pinned=pin
    ) as account:
        address = Address(account.account, resident.id)
        for _ in range(3):
            assert isinstance(await account.send(address, Say(TEXT)), Sent)

    paths = {"v2": V2, "v3": V3}
    assert pinned == [then]
    assert [(made.path, made.error) for made in zalo.made] == [
        (paths[first], refused_as),
        *[(paths[then], 0)] * 3,
    ]


@pytest.mark.parametrize("error", sorted(TABLE.keys() - {-235, -240, -216, -220}))
@pytest.mark.parametrize("first", ["v2", "v3"])
async def test_no_other_number_changes_the_address(
    zalo, residents, sqlite_database, vault, resident, error, first
):
    zalo.oa.type = ENTERPRISE if first == "v3" else GOVERNMENT
    path, other = (V3, V2) if first == "v3" else (V2, V3)
    zalo.fails(path, *[Fault(error=error)] * 3)
    async with official_account(zalo, residents.receive, sqlite_database, vault, address=first) as account:
        await account.send(Address(account.account, resident.id), QUESTION)

    assert not [made for made in zalo.made if made.path == other]


async def test_an_account_learns_its_address_from_a_closed_window_too(
    zalo, residents, sqlite_database, vault
):
    """An agency's first message of all may be to somebody who wrote long ago."""
    stranger = zalo.world.resident(zalo.oa)
    pinned: list[str] = []

    async def pin(address: str) -> None:
        pinned.append(address)

    async with official_account(zalo, residents.receive, sqlite_database, vault, pinned=pin) as account:
        outcome = await account.send(Address(account.account, stranger.id), Say(TEXT))

    assert isinstance(outcome, WindowClosed)
    assert pinned == ["v2"]


async def test_where_neither_address_is_open_it_is_ours_to_mend(
    zalo, residents, sqlite_database, vault, resident
):
    zalo.oa.type = PERSONAL
    async with official_account(zalo, residents.receive, sqlite_database, vault) as account:
        outcome = await account.send(Address(account.account, resident.id), Say(TEXT))

    assert outcome == Misconfigured("Zalo -235: this API does not support this type of account")


@pytest.mark.parametrize(("mode", "error"), [("v3", -235), ("v2", -240)])
async def test_an_address_the_operator_has_set_stays(
    zalo, residents, sqlite_database, vault, resident, mode, error
):
    zalo.oa.type = GOVERNMENT if mode == "v3" else ENTERPRISE
    async with official_account(
        zalo, residents.receive, sqlite_database, vault, mode=mode, address="v2"
    ) as account:
        outcome = await account.send(Address(account.account, resident.id), Say(TEXT))

    assert isinstance(outcome, Misconfigured)
    assert [made.error for made in zalo.made] == [error]


# ── Buttons and text ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_choices_are_buttons_and_numbered_lines(zalo, oa, resident, address):
    assert isinstance(await oa.send(address, QUESTION), Sent)

    [given] = zalo.calls(V2)
    assert given["message"] == {
        "text": f"{TEXT}\n1. Hài lòng\n2. Không hài lòng",
        "attachment": {
            "type": "template",
            "payload": {
                "buttons": [
                    {"title": "1. Hài lòng", "type": "oa.query.hide", "payload": "#t:t-4"},
                    {"title": "2. Không hài lòng", "type": "oa.query.hide", "payload": "#t:t-2"},
                ]
            },
        },
    }


@pytest.mark.parametrize("error", [-201, -210, -233])
async def test_where_buttons_are_refused_the_numbers_in_the_text_remain(zalo, oa, resident, address, error):
    zalo.fails(V2, Fault(error=error))

    assert isinstance(await oa.send(address, QUESTION), Sent)

    [heard] = resident.heard
    assert heard["text"].endswith("1. Hài lòng\n2. Không hài lòng")
    assert "attachment" not in heard


@pytest.mark.parametrize("error", sorted(TABLE.keys() - {-201, -210, -233, -216, -220, -240}))
async def test_no_other_number_takes_the_buttons_away(zalo, oa, resident, address, error):
    zalo.fails(V2, Fault(error=error))

    await oa.send(address, QUESTION)

    assert resident.heard == []


async def test_without_buttons_by_setting(zalo, residents, sqlite_database, vault, resident):
    async with official_account(
        zalo, residents.receive, sqlite_database, vault, address="v2", has_buttons=False
    ) as account:
        await account.send(Address(account.account, resident.id), QUESTION)

    assert "attachment" not in zalo.calls(V2)[0]["message"]


async def test_nine_choices_are_nine_lines_and_five_buttons(oa, resident, address):
    say = Say(TEXT, tuple(Option(f"Phường {n}" + "ơ" * 120, f"t{n}") for n in range(9)))

    assert isinstance(await oa.send(address, say), Sent)

    assert len(resident.titles) == 5
    assert all(len(title) <= 100 for title in resident.titles)
    assert "\n9. Phường 8" in resident.texts[-1]


async def test_long_texts_are_cut_between_sentences_and_counted_as_zalo_may_count(
    zalo, oa, resident, address
):
    sentence = "Chào ông/bà 👋🏽. "
    text = sentence * 400

    assert isinstance(await oa.send(address, Say(text, QUESTION.options)), Sent)

    assert len(resident.texts) > 3
    assert all(len(each.encode("utf-16-le")) // 2 <= 1900 for each in resident.texts)
    assert all(each.endswith((".", "lòng")) for each in resident.texts)
    assert [bool(each.get("attachment")) for each in resident.heard][-2:] == [False, True]


async def test_half_a_long_text_is_neither_sent_nor_unsent(zalo, oa, resident, address):
    zalo.fails(V2, Fault(error=0, status=502), Fault(error=-230))
    assert isinstance(await oa.send(address, Say("a")), Unknown)
    zalo.faults[V2].clear()
    zalo.oa.quota = 1

    assert await oa.send(address, Say("câu. " * 800)) == Unknown("only its beginning was sent")


# ── The token ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", [-216, -220])
async def test_an_old_token_is_renewed_once_and_the_message_sent(zalo, oa, resident, address, error):
    zalo.fails(V2, Fault(error=error))

    assert isinstance(await oa.send(address, Say(TEXT)), Sent)

    assert zalo.oauth.refreshed == 1
    assert resident.texts == [TEXT]


@pytest.mark.parametrize("error", [-216, -220])
async def test_a_token_that_stays_refused_is_renewed_once_and_then_given_up(zalo, oa, address, error):
    zalo.fails(V2, *[Fault(error=error)] * 8)

    outcomes = [await oa.send(address, Say(TEXT)) for _ in range(4)]

    assert all(isinstance(each, Misconfigured) for each in outcomes)
    assert zalo.oauth.refreshed == 1, "a storm of refusals is no storm of renewals"


async def test_while_the_token_service_is_away_a_message_waits(zalo, oa, address):
    zalo.fails(V2, Fault(error=-216))
    zalo.fails(TOKENS, Fault(drop=True))

    assert isinstance(await oa.send(address, Say(TEXT)), RetryAfter)


async def test_the_proof_goes_along_where_the_app_wants_it(zalo, residents, sqlite_database, vault, resident):
    zalo.app.needs_proof = True
    outcomes = []
    for with_proof in (False, True):
        async with official_account(
            zalo, residents.receive, sqlite_database, vault, address="v2", with_proof=with_proof
        ) as account:
            outcomes.append(await account.send(Address(account.account, resident.id), Say(TEXT)))

    assert isinstance(outcomes[0], Misconfigured)
    assert isinstance(outcomes[1], Sent)


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_is_uploaded_and_sent_by_its_token(zalo, oa, resident, address):
    assert isinstance(await oa.send(address, Say("Bảng.", file=("bang.csv", b"a,b\n"))), Sent)

    text, file = resident.heard
    assert text["text"] == "Bảng."
    assert "text" not in file
    assert file["attachment"]["type"] == "file"


async def test_an_upload_that_is_gone_is_uploaded_once_more(zalo, oa, resident, address):
    zalo.fails(V2, Fault(error=-100))

    assert isinstance(await oa.send(address, Say("", file=("a.pdf", b"%PDF"))), Sent)

    assert len(zalo.calls(UPLOAD)) == 2
    assert len(resident.heard) == 1


async def test_an_upload_that_stays_gone_is_given_up(zalo, oa, address):
    zalo.fails(V2, *[Fault(error=-100)] * 3)

    assert isinstance(await oa.send(address, Say("", file=("a.pdf", b"%PDF"))), Rejected)
    assert len(zalo.calls(UPLOAD)) == 2


async def test_a_failed_upload_was_certainly_not_sent(zalo, oa, address):
    zalo.fails(UPLOAD, Fault(status=502))

    assert isinstance(await oa.send(address, Say("", file=("a.pdf", b"%PDF"))), RetryAfter)


async def test_a_file_beyond_the_limit_is_refused(oa, address):
    assert isinstance(await oa.send(address, Say("", file=("a.pdf", bytes(6 << 20)))), Rejected)


async def test_what_zalo_takes_no_files_of_goes_as_a_word_document(oa, address):
    content = json.dumps({"câu": "Ông/bà <hài> lòng & vui?\u0007"}, ensure_ascii=False, indent=2).encode()

    assert isinstance(await oa.send(address, Say("", file=("du-lieu-cua-toi.json", content))), Sent)

    name, made, _ = requests.document("du-lieu-cua-toi.json", content)
    opened = docx.Document(io.BytesIO(made))
    assert name == "du-lieu-cua-toi.docx"
    assert "\n".join(each.text for each in opened.paragraphs) == content.decode()


# ── The way there ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=502),
        Fault(status=502, done_first=True),
        Fault(status=200, body=b"<html>proxy</html>"),
        Fault(status=200, body=b"[]"),
        Fault(status=200, body=b'{"error":"what"}'),
        Fault(status=500, body=b'{"error":0,"message":"Success"}'),
        Fault(status=200, body=b"\xff\xfe"),
        Fault(drop=True),
        Fault(drop=True, done_first=True),
        Fault(error=-200, done_first=True),
    ],
)
async def test_what_may_have_arrived_is_unknown(zalo, oa, address, fault):
    zalo.fails(V2, fault)

    assert isinstance(await oa.send(address, Say(TEXT)), Unknown)


@pytest.mark.parametrize(
    ("status", "wanted"), [(429, MINUTE), (403, Rejected("HTTP 403")), (413, Rejected("HTTP 413"))]
)
async def test_a_wall_before_zalo_says_by_its_status(zalo, oa, address, status, wanted):
    zalo.fails(V2, Fault(status=status, body=b"<html>"))

    assert await oa.send(address, Say(TEXT)) == wanted


async def test_an_answer_in_many_pieces_is_one_answer(zalo, oa, address):
    zalo.fails(V2, Fault(in_pieces=True))

    assert isinstance(await oa.send(address, Say(TEXT)), Sent)


async def test_nobody_there_is_certainly_not_sent(zalo, oa, address):
    oa._client._hosts = type(oa._client._hosts)(openapi="http://127.0.0.1:9")

    assert isinstance(await oa.send(address, Say(TEXT)), RetryAfter)


# ── A reply is insisted on, within reason ────────────────────────────────────────────────────────────────────────


async def test_a_reply_whose_fate_is_unknown_is_repeated_once(zalo, oa, residents, resident):
    zalo.fails(V2, *[Fault(status=502)] * 5)

    resident.says("chào")
    await zalo.bring()
    await zalo.until(lambda: len(zalo.faults[V2]) == 3)
    zalo.faults[V2].clear()
    resident.says("nữa")
    await zalo.bring()
    await zalo.until(lambda: resident.texts != [])

    assert resident.texts == ["Đã nhận."]


async def test_after_haste_the_whole_account_waits_a_minute(zalo, oa, residents):
    people = [zalo.world.resident(zalo.oa) for _ in range(5)]
    zalo.fails(V2, Fault(error=-32))
    begun = zalo.time()
    people[0].says("chào")
    await zalo.bring()
    await zalo.until(lambda: not zalo.faults[V2])
    for each in people[1:]:
        each.says("chào")
    await zalo.bring()
    await zalo.until(lambda: all(each.texts for each in people))

    assert zalo.time() - begun >= 60
    assert [each.texts for each in people] == [["Đã nhận."]] * 5


async def test_a_reply_outside_the_window_is_not_insisted_on(zalo, oa, resident):
    zalo.fails(V2, Fault(error=-230), Fault(error=-230))

    resident.says("chào")
    await zalo.bring()
    await zalo.until(lambda: len(zalo.faults[V2]) == 1)

    assert resident.texts == []


# ── Nothing is told ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault(error=error) for error in (-200, -201, -204, -211, -216, -230, -244, -248, -77777)),
        Fault(drop=True),
    ],
    ids=repr,
)
async def test_no_outcome_and_no_log_names_a_person_a_text_or_a_secret(
    zalo, oa, residents, resident, fault, capfd
):
    secret_word = "bi-mat-cua-ba-sau"
    residents.answer = lambda incoming: Reply((Say(f"{TEXT} {secret_word}", QUESTION.options),))
    zalo.fails(V2, *[fault] * 6)
    zalo.fails(TOKENS, Fault(drop=True), Fault(error=-14014))
    with structlog.testing.capture_logs() as logs:
        outcomes = [await oa.send(Address(oa.account, resident.id), Say(secret_word)) for _ in range(2)]
        resident.says(secret_word)
        resident.withdraws()
        await zalo.bring()
        await zalo.until(lambda: len(zalo.faults[V2]) <= 4)

    written = repr((outcomes, logs, oa, oa._tokens, oa._client, *capfd.readouterr()))
    secrets = [
        zalo.app.secret,
        zalo.app.oa_key,
        *(p.access for p in zalo.oauth.pairs),
        *(p.refresh for p in zalo.oauth.pairs),
    ]
    for never in (resident.id, secret_word, TEXT, *secrets):
        assert never not in written


async def test_a_stop_tells_no_secret_either(zalo, oa, address):
    zalo.fails(V2, Fault(error=-216))
    zalo.fails(TOKENS, Fault(error=-14014))

    outcome = await oa.send(address, Say(TEXT))

    assert isinstance(outcome, Misconfigured)
    assert "-14014" in outcome.reason
    assert "python -m bot zalo connect" in outcome.reason
    assert not any(
        pair.refresh in outcome.reason or pair.access in outcome.reason for pair in zalo.oauth.pairs
    )
