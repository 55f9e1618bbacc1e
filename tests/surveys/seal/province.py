"""A province whose waves were sealed and released: what an honest package is made from, piece by piece, for honest and other hands."""

import io
import random
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from surveys import cards, documents, package, preregistration
from surveys.assessment import DATA, CriteriaSet, read_criteria
from surveys.ballot_box import ReceiptsDigest, SealedBallot, line_of, root_of
from surveys.ballots import commitment, new_receipt, read_answers, written_answers
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.form import Form
from surveys.forms.published import form_to_json
from surveys.forms.session import Mode
from surveys.heads import Head
from surveys.ledger import Entry, appended, read_entry
from surveys.records import (
    Exclusion,
    KeyDestroyed,
    KeyDestructionPostponed,
    Record,
    ReleasePublished,
    ScorecardFrozen,
    TokensIssued,
    WaveOpened,
    Withdrawals,
)
from surveys.releases import ReleasedWard, Terms
from surveys.releasing import FORMULAS, Findings, release, tally_for
from surveys.results import ANONYMOUS
from surveys.scorecard import (
    Document,
    Entered,
    Frozen,
    Records,
    countersign,
    enter,
    fed_by_release,
    freeze,
    load_set,
    score,
)
from surveys.scorecard import Terms as CardTerms
from surveys.signatures import PublicKey, Signer
from surveys.statistics import Plan, Stratum

OPENED = datetime(2026, 10, 1, 1, tzinfo=UTC)
SLUG = "hang-nam-2026"
UNITS = ("29236", "29242", "29251", "29254", "29263", "29266")
NAMES = ("Trà Vinh", "Long Đức", "Nguyệt Hóa", "Hòa Thuận", "Duyên Hải", "Trường Long Hòa")
BALLOTS = 150
BLANK = (3, 77, BALLOTS + 2)  # places of those who withdrew, the last place among them
PLACES = BALLOTS + len(BLANK)
CRITERIA = (DATA / "qd1578.toml").read_text(encoding="utf-8")
EXCLUDED = ("29242", Stream.INVITED, Mode.PAPER)

TERMS = Terms(
    slug=SLUG,
    title="Khảo sát hằng năm 2026",
    audience="residents",
    k=10,
    threshold="0.8",
    units={
        code: (name, 200 + 10 * place) for place, (code, name) in enumerate(zip(UNITS, NAMES, strict=True))
    },
    minimum=10,
)
SET = load_set("qd1578")
PLANS = (Plan("29242", "chung", (Stratum("18-39", 4100), Stratum("40+", 3900)), "Tổng điều tra dân số 2019"),)


def signer(seed: str, name: str = "vinhlong.langnghe") -> Signer:
    """A key that is the same in every run."""
    private = Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Signer(PublicKey(name, raw), private.sign)


OURS = signer("the province")
FORGER = signer("a forger")  # under the same name


@dataclass(frozen=True)
class Parts:
    """A package taken apart, so that any part of it can be touched before it is put together again."""

    ledger: tuple[str, ...]
    head: str
    ballots: tuple[str, ...]
    receipts: tuple[str, ...]
    release: tuple[str, ...]
    form: str
    terms: str
    weights: str
    formulas: str
    criteria: str
    scorecards: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    wave: str = SLUG
    key: str = OURS.key.text

    def bytes(self) -> bytes:
        """The package of these parts with a manifest that fits them, written apart from `package.write`."""
        files = {
            "ballots.jsonl": _lines(self.ballots),
            "receipts.txt": _lines(self.receipts),
            "criteria.toml": self.criteria.encode(),
            "form.json": self.form.encode(),
            "formulas.json": self.formulas.encode(),
            "head.txt": self.head.encode(),
            "ledger.jsonl": _lines(self.ledger),
            "release.jsonl": _lines(self.release),
            "scorecards.jsonl": _lines(self.scorecards),
            "sets.jsonl": _lines(self.sets),
            "terms.json": self.terms.encode(),
            "weights.json": self.weights.encode(),
        }
        listed = {
            name: {"bytes": len(body), "sha256": sha256(body).hexdigest()} for name, body in files.items()
        }
        manifest = {"files": listed, "key": self.key, "package": "langnghe/package/1", "wave": self.wave}
        return zipped({**files, "manifest.json": documents.written(manifest).encode()})


def _lines(texts: Iterable[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


FILES = (
    "ballots.jsonl",
    "receipts.txt",
    "criteria.toml",
    "form.json",
    "formulas.json",
    "head.txt",
    "ledger.jsonl",
    "release.jsonl",
    "scorecards.jsonl",
    "sets.jsonl",
    "terms.json",
    "weights.json",
    "manifest.json",
)


class Forward:
    """A file that cannot go back, as a package is written to."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(data)
        return len(data)

    def flush(self) -> None:
        pass


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip laid out as packages are."""
    out = Forward()
    with zipfile.ZipFile(out, "w") as archive:  # type: ignore[call-overload]
        for name in FILES:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            with archive.open(entry, "w", force_zip64=name == "ballots.jsonl") as member:
                member.write(files[name])
    return b"".join(out.pieces)


def opened(content: bytes) -> io.BytesIO:
    return io.BytesIO(content)


# ── An honest wave ───────────────────────────────────────────────────────────────────────────────────────────────


@cache
def form() -> Form:
    return library.load("hang_nam_nguoi_dan")


@cache
def criteria() -> CriteriaSet:
    return read_criteria(CRITERIA)


@cache
def ballots() -> tuple[SealedBallot, ...]:
    """Of six wards, from very content to divided, the last one under k; in two streams and three modes."""
    chance = random.Random(2026)
    places = [place for place in range(PLACES) if place not in BLANK]
    return tuple(_ballot(chance, place) for place in places)


def _ballot(chance: random.Random, position: int) -> SealedBallot:
    ward = chance.choices(range(6), weights=(30, 80, 20, 15, 15, 3))[0]
    mood = ((50, 40, 6, 3, 1), (15, 20, 30, 20, 15), (90, 10, 0, 0, 0))[ward % 3]
    answers = {
        question.name: "0" if chance.random() < 0.05 else chance.choices("54321", weights=mood)[0]
        for question in form().questions
        if question.choices and question.name != "niem_yet"
    }
    answers["niem_yet"] = chance.choice(("co", "co", "khong"))
    stream = chance.choices(list(Stream), weights=(8, 0, 2))[0]
    mode = chance.choices(ANONYMOUS, weights=(8, 1, 1))[0]
    return sealed_ballot(
        position,
        unit=UNITS[ward],
        stream=stream.value,
        mode=mode.value,
        answers=answers,
        salt=chance.randbytes(16),
    )


def sealed_ballot(
    position: int,
    *,
    unit: str,
    stream: str,
    mode: str,
    answers: Mapping[str, str],
    salt: bytes,
    wave: str = SLUG,
) -> SealedBallot:
    text = written_answers(answers)
    committed = commitment(wave=wave, unit=unit, stream=stream, mode=mode, answers=text, salt=salt)
    return SealedBallot(position, unit, stream, mode, text, salt, committed)


def answers_in(ballot: SealedBallot) -> Mapping[str, str]:
    return read_answers(ballot.answers)


def receipts_of(count: int) -> tuple[str, ...]:
    """As many as there are ballots, of none in particular."""
    chance = random.Random("receipts")
    return tuple(sorted(new_receipt(chance.randbytes(10)) for _ in range(count)))


def digest_of(receipts: Iterable[str]) -> str:
    digest = ReceiptsDigest()
    for receipt in receipts:
        digest.add(receipt)
    return digest.hexdigest()


def lines_of(box: Iterable[SealedBallot], places: int = PLACES) -> tuple[str, ...]:
    at = {ballot.position: ballot for ballot in box}
    return tuple(line_of(place, at.get(place)) for place in range(places))


def is_excluded(ballot: SealedBallot) -> bool:
    return (ballot.unit, ballot.stream, ballot.mode) == EXCLUDED


def released(box: Iterable[SealedBallot], terms: Terms = TERMS, version: int = FORMULAS) -> tuple[str, ...]:
    box, tally = tuple(box), tally_for(form(), PLANS)
    for ballot in box:
        tally.add_text(ballot.unit, Stream(ballot.stream), Mode(ballot.mode), ballot.answers)
    comments = dict.fromkeys(terms.units, 12)
    findings = Findings(exclusions=(exclusion(box),))
    made = release(
        form(), tally, comments, terms, criteria(), plans=PLANS, findings=findings, formulas=version
    )
    return package.release_lines({unit: ward.to_json() for unit, ward in made.items()})


def exclusion(box: Iterable[SealedBallot]) -> Exclusion:
    return Exclusion(
        wave=SLUG,
        unit=EXCLUDED[0],
        stream=EXCLUDED[1],
        mode=EXCLUDED[2],
        count=sum(map(is_excluded, box)),
        reason="Phiếu giấy nhập trùng",
        persons=("Trần Văn A", "Lê Thị B"),
    )


def records(
    box: tuple[SealedBallot, ...],
    lines: tuple[str, ...],
    terms: Terms = TERMS,
    version: int = FORMULAS,
) -> list[Record]:
    """Everything that happened, another wave's things between."""
    digest = documents.fingerprint(_lines(lines))
    other = "tham-luot-2026-10"
    return [
        preregistration.opened(form(), terms, seed="a1b2c3", plans=PLANS, version=version),
        WaveOpened(other, form().digest, "1" * 64, "2" * 64, "3" * 64, "none"),
        TokensIssued(wave=other, unit="29242", count=500),
        TokensIssued(wave=other, unit="29251", count=300),
        KeyDestructionPostponed(
            wave=SLUG,
            until="2026-12-01",
            reason="Thanh tra tỉnh yêu cầu giữ đến hết tháng 11",
            persons=("Trần Văn A", "Lê Thị B"),
        ),
        Withdrawals(wave=SLUG, count=len(BLANK)),
        preregistration.sealed(
            form(),
            terms,
            CRITERIA,
            root=root_of(box, PLACES),
            receipts=digest_of(receipts_of(len(box))),
            plans=PLANS,
            version=version,
        ),
        exclusion(box),
        KeyDestroyed(wave=SLUG),
        ReleasePublished(wave=SLUG, release=digest),
        *(cards.recorded(card) for card in scorecards(lines)),
        ScorecardFrozen(unit="29242", year=2026, scorecard="4" * 64, criteria="5" * 64, waves=()),
    ]


def scorecards(lines: tuple[str, ...]) -> tuple[Frozen, ...]:
    """Two wards' cards of the year, on what was released and on what officers entered."""
    return tuple(scorecard(lines[place]) for place in (1, 0))


def scorecard(line: str, digest: str | None = None) -> Frozen:
    """On the release of a ward, which it names by its digest or by another."""
    ward = ReleasedWard.from_json(line)
    released_at, entered_at = OPENED + timedelta(days=9), OPENED + timedelta(days=2)
    paper = Document("12/BC-CAP", entered_at.date(), "Báo cáo diễn đàn")
    held = enter(SET, Entered("e1", "T2.2", ward.unit, 2026, True, paper, "an", entered_at))
    evidence = Records(
        entered=(held,),
        signatures=(countersign(held, "binh", entered_at + timedelta(hours=1)),),
        surveys=fed_by_release(SET, ward, 2026, digest or documents.fingerprint(line), released_at),
    )
    standing = evidence.standing(ward.unit, 2026, released_at)
    return freeze(
        score(SET, standing, CardTerms(minimum=10)),
        "an",
        released_at + timedelta(days=1),
        countersigned_by="binh",
    )


def ledger(things: Iterable[Record], by: Signer = OURS) -> tuple[str, ...]:
    lines: list[str] = []
    last: Entry | None = None
    for day, record in enumerate(things):
        last = appended(last, record, OPENED + timedelta(days=day), by)
        lines.append(last.line)
    return tuple(lines)


def head(lines: Iterable[str], by: Signer = OURS) -> str:
    return Head.over(lines, by.key).signed(by)


def parts(
    box: tuple[SealedBallot, ...],
    by: Signer = OURS,
    terms: Terms = TERMS,
    version: int = FORMULAS,
) -> Parts:
    """A package in which everything follows from these ballots and is signed by this key."""
    lines = released(box, terms, version)
    chain = ledger(records(box, lines, terms, version), by)
    return Parts(
        ledger=chain,
        head=head(chain, by),
        ballots=lines_of(box),
        receipts=receipts_of(len(box)),
        release=lines,
        form=form_to_json(form()),
        terms=preregistration.terms_document(terms),
        weights=preregistration.weights_document(PLANS, version),
        formulas=preregistration.formulas_document(version),
        criteria=CRITERIA,
        scorecards=tuple(card.body for card in scorecards(lines)),
        sets=(cards.set_line(SET),),
        key=by.key.text,
    )


@cache
def honest() -> Parts:
    return parts(ballots())


def resigned(forged: Parts, by: Signer) -> Parts:
    """The same things said, in a ledger that somebody else signs."""
    chain = ledger((read_entry(line).record for line in forged.ledger), by)
    return replace(forged, ledger=chain, head=head(chain, by), key=by.key.text)
