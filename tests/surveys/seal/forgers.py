"""Single edits of an honest package. Each forger does one thing, and then repairs whatever can be repaired without the key:
places, commitments, the release that would follow, the manifest."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from surveys import documents
from surveys.ballot_box import SealedBallot, line_of
from surveys.ballots import new_receipt, read_answers
from surveys.ledger import Entry, read_entry
from tests.surveys.seal import province
from tests.surveys.seal.province import FORGER, OURS, UNITS, Parts

Forger = Callable[[random.Random, Parts], bytes]


# ── The file as bytes ────────────────────────────────────────────────────────────────────────────────────────────


@cache
def raw() -> bytes:
    return province.honest().bytes()


def flip_a_bit(chance: random.Random, honest: Parts) -> bytes:
    content = bytearray(raw())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def drop_bytes(chance: random.Random, honest: Parts) -> bytes:
    start = chance.randrange(len(raw()))
    return raw()[:start] + raw()[start + chance.choice((1, 2, 50, 5000)) :]


def add_bytes(chance: random.Random, honest: Parts) -> bytes:
    start = chance.randrange(len(raw()) + 1)
    return raw()[:start] + chance.randbytes(chance.choice((1, 2, 50))) + raw()[start:]


def swap_stretches(chance: random.Random, honest: Parts) -> bytes:
    length = chance.choice((8, 200, 4000))
    first, second = sorted(chance.sample(range(len(raw()) // length), 2))
    blocks = [raw()[at : at + length] for at in range(0, len(raw()), length)]
    blocks[first], blocks[second] = blocks[second], blocks[first]
    return b"".join(blocks)


# ── Ballots ──────────────────────────────────────────────────────────────────────────────────────────────────────


def in_box(chance: random.Random, wanted: Callable[[SealedBallot], bool] = lambda ballot: True) -> int:
    return chance.choice([at for at, ballot in enumerate(province.ballots()) if wanted(ballot)])


def changed(ballot: SealedBallot, **what: Any) -> SealedBallot:
    """The ballot with something else in it, and a commitment that fits."""
    ballot = ballot._replace(**what)
    return province.sealed_ballot(
        ballot.position,
        unit=ballot.unit,
        stream=ballot.stream,
        mode=ballot.mode,
        answers=read_answers(ballot.answers),
        salt=ballot.salt,
    )


def with_box(honest: Parts, box: list[SealedBallot]) -> bytes:
    return replace(honest, ballots=province.lines_of(box), release=province.released(box)).bytes()


def with_one_changed(honest: Parts, at: int, **what: Any) -> bytes:
    box = list(province.ballots())
    box[at] = changed(box[at], **what)
    return with_box(honest, box)


def with_line(honest: Parts, at: int, **what: Any) -> bytes:
    """One line touched, nothing else made to fit but the manifest."""
    body = {**json.loads(honest.ballots[at]), **what}
    return with_lines(honest, [*honest.ballots[:at], documents.written(body), *honest.ballots[at + 1 :]])


def with_lines(honest: Parts, lines: list[str]) -> bytes:
    return replace(honest, ballots=tuple(lines)).bytes()


def renumbered(lines: list[str]) -> list[str]:
    return [documents.written({**json.loads(line), "position": place}) for place, line in enumerate(lines)]


def drop_a_ballot(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.ballots)
    del lines[chance.randrange(len(lines))]
    return with_lines(honest, lines)


def drop_a_ballot_and_close_the_gap(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.ballots)
    del lines[chance.randrange(len(lines))]
    return with_lines(honest, renumbered(lines))


def add_a_ballot(chance: random.Random, honest: Parts) -> bytes:
    model = province.ballots()[in_box(chance)]
    stuffed = changed(model, salt=chance.randbytes(16))
    lines = list(honest.ballots)
    lines.insert(chance.randrange(len(lines) + 1), line_of(0, stuffed))
    return with_lines(honest, renumbered(lines))


def fill_a_blank(chance: random.Random, honest: Parts) -> bytes:
    model = province.ballots()[in_box(chance)]
    stuffed = changed(
        model,
        position=chance.choice(province.BLANK),
        salt=chance.randbytes(16),
    )
    return with_box(honest, [*province.ballots(), stuffed])


def blank_a_ballot(chance: random.Random, honest: Parts) -> bytes:
    box = list(province.ballots())
    del box[in_box(chance)]
    return with_box(honest, box)


def reorder_ballots(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.ballots)
    first, second = chance.sample(range(province.BALLOTS), 2)
    lines[first], lines[second] = lines[second], lines[first]
    return with_lines(honest, lines)


def reorder_ballots_and_renumber(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.ballots)
    first, second = chance.sample([place for place in range(len(lines)) if place not in province.BLANK], 2)
    lines[first], lines[second] = lines[second], lines[first]
    return with_lines(honest, renumbered(lines))


def swap_the_ward(chance: random.Random, honest: Parts) -> bytes:
    at = in_box(chance)
    ward = chance.choice([unit for unit in UNITS if unit != province.ballots()[at].unit])
    return with_line(honest, province.ballots()[at].position, unit=ward)


def swap_the_ward_and_commit_to_it(chance: random.Random, honest: Parts) -> bytes:
    at = in_box(chance)
    ward = chance.choice([unit for unit in UNITS if unit != province.ballots()[at].unit])
    return with_one_changed(honest, at, unit=ward)


def change_an_answer(chance: random.Random, honest: Parts) -> bytes:
    at = in_box(chance)
    answers = dict(read_answers(province.ballots()[at].answers))
    answers["chung"] = "1" if answers["chung"] == "5" else "5"
    return with_line(honest, province.ballots()[at].position, answers=answers)


def change_an_answer_and_commit_to_it(chance: random.Random, honest: Parts) -> bytes:
    at = in_box(chance)
    answers = dict(read_answers(province.ballots()[at].answers))
    name = chance.choice(list(answers))
    answers[name] = "khong" if name == "niem_yet" and answers[name] == "co" else "0"
    if answers == read_answers(province.ballots()[at].answers):
        answers[name] = "5"
    return with_one_changed(honest, at, answers=documents.written(answers))


def score_an_open_ballot(chance: random.Random, honest: Parts) -> bytes:
    """A poster's ballot weighs nothing: as an invited one it would count."""
    return with_one_changed(honest, in_box(chance, lambda ballot: ballot.stream == "open"), stream="invited")


def call_paper_a_chat(chance: random.Random, honest: Parts) -> bytes:
    return with_one_changed(honest, in_box(chance, lambda ballot: ballot.mode != "self"), mode="self")


def touch_a_salt_or_commitment(chance: random.Random, honest: Parts) -> bytes:
    ballot = province.ballots()[in_box(chance)]
    name = chance.choice(("salt", "commitment"))
    value = bytearray(getattr(ballot, name))
    value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)
    return with_line(honest, ballot.position, **{name: value.hex()})


def say_more_than_a_ballot_may(chance: random.Random, honest: Parts) -> bytes:
    what: dict[str, Any] = {chance.choice(("nullifier", "arrived", "account")): "00"}
    if chance.random() < 0.5:
        what = {"answers": {"gop_y": "tôi tên là …"}}
    return with_line(honest, province.ballots()[in_box(chance)].position, **what)


# ── Receipts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def with_receipts(honest: Parts, receipts: list[str]) -> bytes:
    return replace(honest, receipts=tuple(receipts)).bytes()


def drop_a_receipt(chance: random.Random, honest: Parts) -> bytes:
    receipts = list(honest.receipts)
    del receipts[chance.randrange(len(receipts))]
    return with_receipts(honest, receipts)


def add_a_receipt(chance: random.Random, honest: Parts) -> bytes:
    """A new one in its place, or one that is there already."""
    stuffed = chance.choice((new_receipt(chance.randbytes(10)), chance.choice(honest.receipts)))
    return with_receipts(honest, sorted((*honest.receipts, stuffed)))


def exchange_a_receipt(chance: random.Random, honest: Parts) -> bytes:
    """Somebody's receipt gives way to another: as many as before, and in order."""
    receipts = list(honest.receipts)
    receipts[chance.randrange(len(receipts))] = new_receipt(chance.randbytes(10))
    return with_receipts(honest, sorted(receipts))


def reorder_receipts(chance: random.Random, honest: Parts) -> bytes:
    receipts = list(honest.receipts)
    first, second = chance.sample(range(len(receipts)), 2)
    receipts[first], receipts[second] = receipts[second], receipts[first]
    return with_receipts(honest, receipts)


def touch_a_receipt(chance: random.Random, honest: Parts) -> bytes:
    """A letter of one; or the same letters, written as people type them."""
    receipts = list(honest.receipts)
    at = chance.randrange(len(receipts))
    touched = receipts[at]
    match chance.randrange(3):
        case 0:
            place = chance.choice([place for place, letter in enumerate(touched) if letter != "-"])
            letter = chance.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ".replace(touched[place], ""))
            touched = touched[:place] + letter + touched[place + 1 :]
        case 1:
            touched = touched.replace("-", chance.choice((" ", "")))
        case _:
            touched = f"{touched}{chance.choice((' ', ',5', '-0000'))}"
    receipts[at] = touched
    return with_receipts(honest, receipts)


def print_receipts_beside_ballots(chance: random.Random, honest: Parts) -> bytes:
    """What we no longer do: a line would say whose it is."""
    at = in_box(chance)
    return with_line(honest, province.ballots()[at].position, receipt=honest.receipts[at])


# ── The release ──────────────────────────────────────────────────────────────────────────────────────────────────


def with_release(honest: Parts, lines: list[str]) -> bytes:
    return replace(honest, release=tuple(lines)).bytes()


def change_a_figure(chance: random.Random, honest: Parts) -> bytes:
    at = chance.randrange(len(honest.release))
    body = json.loads(honest.release[at])
    body["answered"] = (body["answered"] or 0) + 1
    return with_release(honest, [*honest.release[:at], documents.written(body), *honest.release[at + 1 :]])


def show_what_is_suppressed(chance: random.Random, honest: Parts) -> bytes:
    at = UNITS.index("29266")
    body = json.loads(honest.release[at])
    body["index"]["figure"] = [chance.randrange(5), 5]
    return with_release(honest, [*honest.release[:at], documents.written(body), *honest.release[at + 1 :]])


def change_a_verdict(chance: random.Random, honest: Parts) -> bytes:
    at = chance.randrange(len(honest.release))
    body = json.loads(honest.release[at])
    conclusion = chance.choice(body["conclusions"])
    conclusion["verdict"] = "chua_dat" if conclusion["verdict"] == "dat" else "dat"
    return with_release(honest, [*honest.release[:at], documents.written(body), *honest.release[at + 1 :]])


def drop_add_or_reorder_wards(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.release)
    first, second = chance.sample(range(len(lines)), 2)
    match chance.randrange(3):
        case 0:
            del lines[first]
        case 1:
            lines.append(lines[first])
        case _:
            lines[first], lines[second] = lines[second], lines[first]
    return with_release(honest, lines)


def touch_the_scorecards(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.scorecards)
    at = chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.append(lines[at])
        case 2:
            lines.reverse()
        case 3:
            body = json.loads(lines[at])
            line = chance.choice(body["lines"])
            line["verdict"] = "chua_dat" if line["verdict"] == "dat" else "dat"
            lines[at] = documents.written(body)
        case _:
            other = honest.sets[0].replace("entered", "register", chance.randrange(1, 9))
            return replace(honest, sets=(other,)).bytes()
    return replace(honest, scorecards=tuple(lines)).bytes()


# ── The ledger ───────────────────────────────────────────────────────────────────────────────────────────────────


def with_ledger(honest: Parts, lines: list[str]) -> bytes:
    return replace(honest, ledger=tuple(lines)).bytes()


def drop_an_entry(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.ledger)
    del lines[chance.randrange(len(lines))]
    return with_ledger(honest, lines)


def add_an_entry(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.ledger)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return with_ledger(honest, lines)


def reorder_entries(chance: random.Random, honest: Parts) -> bytes:
    lines = list(honest.ledger)
    first, second = chance.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    return with_ledger(honest, lines)


def change_an_entry(chance: random.Random, honest: Parts) -> bytes:
    at = chance.randrange(len(honest.ledger))
    body = json.loads(honest.ledger[at])
    record = body["body"]
    name = chance.choice(list(record))
    if isinstance(record[name], int):
        record[name] += 1
    elif name == "waves":
        record[name] = [] if record[name] else ["hang-nam-2025"]
    elif isinstance(record[name], list):
        record[name] = ["Nguyễn Văn C", "Lê Thị B"]
    elif name in ("stream", "mode"):
        record[name] = {"stream": "open", "mode": "self"}[name]
    elif len(record[name]) == 64:
        record[name] = ("e" if record[name][0] == "f" else "f") + record[name][1:]
    else:
        record[name] += "x"
    lines = [*honest.ledger[:at], documents.written(body), *honest.ledger[at + 1 :]]
    return with_ledger(honest, lines)


def move_an_entry_in_time(chance: random.Random, honest: Parts) -> bytes:
    at = chance.randrange(len(honest.ledger))
    body = json.loads(honest.ledger[at])
    body["at"] = body["at"].replace("T01:", "T02:")
    return with_ledger(honest, [*honest.ledger[:at], documents.written(body), *honest.ledger[at + 1 :]])


def take_another_signature(chance: random.Random, honest: Parts) -> bytes:
    at, other = chance.sample(range(len(honest.ledger)), 2)
    body = json.loads(honest.ledger[at])
    body["signature"] = json.loads(honest.ledger[other])["signature"]
    return with_ledger(honest, [*honest.ledger[:at], documents.written(body), *honest.ledger[at + 1 :]])


# ── What was fixed ───────────────────────────────────────────────────────────────────────────────────────────────


def change_the_terms(chance: random.Random, honest: Parts) -> bytes:
    body = json.loads(honest.terms)
    match chance.randrange(5):
        case 0:
            body["threshold"] = chance.choice(("0.7", "0.9", None))
        case 1:
            body["k"] = chance.choice((5, 6, 11))
        case 2:
            body["minimum"] = chance.choice((1, 11))
        case 3:
            body["units"][chance.choice(UNITS)][1] += 1
        case _:
            del body["units"][chance.choice(UNITS)]
    return replace(honest, terms=documents.written(body)).bytes()


def change_a_weight(chance: random.Random, honest: Parts) -> bytes:
    body = json.loads(honest.weights)
    plan = body["plans"]["29242"]
    match chance.randrange(4):
        case 0:
            body["streams"][chance.choice(("invited", "open", "visit"))] = chance.choice(("2", "1/2"))
        case 1:
            plan["strata"][chance.randrange(2)][1] += chance.randrange(1, 100)
        case 2:
            plan["cap"] = "4"
        case _:
            del body["plans"]["29242"]
    return replace(honest, weights=documents.written(body)).bytes()


def change_a_letter(chance: random.Random, honest: Parts) -> bytes:
    name = chance.choice(("form", "terms", "weights", "formulas", "criteria", "head"))
    text: str = getattr(honest, name)
    at = chance.randrange(len(text))
    letter = chance.choice([letter for letter in "a7 ,}\n" if letter != text[at]])
    return replace(honest, **{name: text[:at] + letter + text[at + 1 :]}).bytes()


def rename_the_wave_or_key(chance: random.Random, honest: Parts) -> bytes:
    if chance.random() < 0.5:
        return replace(honest, wave=chance.choice(("tham-luot-2026-10", "hang-nam-2025", ""))).bytes()
    return replace(honest, key=province.signer(str(chance.random())).key.text).bytes()


# ── Other keys ───────────────────────────────────────────────────────────────────────────────────────────────────


def resign_all(chance: random.Random, honest: Parts) -> bytes:
    return province.resigned(honest, province.signer(str(chance.random()))).bytes()


def resign_all_in_our_name(chance: random.Random, honest: Parts) -> bytes:
    return replace(province.resigned(honest, FORGER), key=OURS.key.text).bytes()


def write_another_history_and_sign_it(chance: random.Random, honest: Parts) -> bytes:
    """Ballots, tree, release and ledger all follow from each other. Only the key is not ours."""
    return forged_history(chance.randrange(4)).bytes()


@cache
def forged_history(ward: int) -> Parts:
    best = documents.written(
        {question.name: "5" for question in province.form().questions if question.choices}
    )
    box = [
        changed(ballot, answers=best.replace('"niem_yet":"5"', '"niem_yet":"co"'))
        if ballot.unit == UNITS[ward]
        else ballot
        for ballot in province.ballots()
    ]
    return province.parts(tuple(box), by=FORGER)


def resign_one_entry(chance: random.Random, honest: Parts) -> bytes:
    at = chance.randrange(len(honest.ledger))
    entry = read_entry(honest.ledger[at])
    signed = Entry(entry.number, entry.at, entry.record, entry.previous, FORGER.sign(entry.message))
    return with_ledger(honest, [*honest.ledger[:at], signed.line, *honest.ledger[at + 1 :]])


def resign_the_head(chance: random.Random, honest: Parts) -> bytes:
    by = chance.choice((FORGER, province.signer(str(chance.random()), name="ai-do.langnghe")))
    return replace(honest, head=province.head(honest.ledger, by)).bytes()


FORGERS: tuple[Forger, ...] = (
    flip_a_bit,
    drop_bytes,
    add_bytes,
    swap_stretches,
    drop_a_ballot,
    drop_a_ballot_and_close_the_gap,
    add_a_ballot,
    fill_a_blank,
    blank_a_ballot,
    reorder_ballots,
    reorder_ballots_and_renumber,
    swap_the_ward,
    swap_the_ward_and_commit_to_it,
    change_an_answer,
    change_an_answer_and_commit_to_it,
    score_an_open_ballot,
    call_paper_a_chat,
    touch_a_salt_or_commitment,
    say_more_than_a_ballot_may,
    drop_a_receipt,
    add_a_receipt,
    exchange_a_receipt,
    reorder_receipts,
    touch_a_receipt,
    print_receipts_beside_ballots,
    change_a_figure,
    show_what_is_suppressed,
    change_a_verdict,
    drop_add_or_reorder_wards,
    drop_an_entry,
    add_an_entry,
    reorder_entries,
    change_an_entry,
    move_an_entry_in_time,
    take_another_signature,
    change_the_terms,
    change_a_weight,
    change_a_letter,
    rename_the_wave_or_key,
    resign_all,
    resign_all_in_our_name,
    write_another_history_and_sign_it,
    resign_one_entry,
    resign_the_head,
    touch_the_scorecards,
)
