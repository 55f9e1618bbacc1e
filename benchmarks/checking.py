"""What an auditor waits for: `langnghe verify` on a package of ten thousand ballots and of a hundred thousand, in a process of its
own. Its memory must not grow with them.

The packages are honest: a wave of the yearly survey in a hundred wards, answered by dice, sealed, excluded from, released."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from surveys import documents, merkle, package, preregistration
from surveys.assessment import criteria_text, read_criteria
from surveys.ballot_box import ReceiptsDigest, SealedBallot, leaf_of
from surveys.ballots import commitment, new_receipt, written_answers
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.form import Form
from surveys.forms.published import form_to_json
from surveys.forms.session import Mode
from surveys.heads import Head
from surveys.ledger import Entry, appended
from surveys.package import Contents, Writing
from surveys.records import KeyDestroyed, ReleasePublished
from surveys.releases import Terms
from surveys.releasing import release, tally_for
from surveys.signatures import PublicKey, Signer

FEW, MANY = 10_000, 100_000
SLUG = "nam-2026"
WARDS = tuple(f"{29000 + number}" for number in range(100))
DAY = datetime(2026, 11, 22, tzinfo=UTC)

CHILD = """
import sys, time
from bot.cli import main
try:
    main()
finally:
    # Of this process alone: what a parent had before it started this one does not count.
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    sys.stderr.write(f"{lines['VmHWM'].split()[0]} {time.process_time()}")
"""


def checking() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        few, many = (_checked(Path(directory), count) for count in (FEW, MANY))
    return {
        "benchmark": "checking",
        "ballots": [FEW, MANY],
        "package_mb": [few["mb"], many["mb"]],
        "seconds": [few["seconds"], many["seconds"]],
        "processor_seconds": [few["processor"], many["processor"]],
        "peak_mb": [few["peak_mb"], many["peak_mb"]],
        "memory_ratio": round(many["peak_mb"] / few["peak_mb"], 2),
        "ballots_per_processor_second": round((MANY - FEW) / (many["processor"] - few["processor"])),
    }


def _checked(directory: Path, count: int) -> dict[str, float]:
    signer = _signer()
    path = directory / f"{count}.zip"
    with path.open("wb") as file:
        write(file, signer, count)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, "verify", str(path), "--key", signer.key.text],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Everything follows" in done.stdout
    kilobytes, processor = done.stderr.split()
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "processor": round(float(processor), 1),
        "peak_mb": round(int(kilobytes) / 1024),
        "mb": round(path.stat().st_size / 1e6, 1),
    }


def write(file: Any, signer: Signer, count: int) -> None:
    """An honest package of so many ballots."""
    form, criteria = library.load("hang_nam_nguoi_dan"), criteria_text("qd1578")
    terms = Terms(SLUG, "Đợt 2026", "residents", 10, "0.9", {ward: (ward, 2 * count) for ward in WARDS}, 10)
    tally, tree, receipts = tally_for(form), merkle.Accumulator(), ReceiptsDigest()
    for ballot in _ballots(form, count):
        tree.add(leaf_of(ballot))
        tally.add_text(ballot.unit, Stream(ballot.stream), Mode(ballot.mode), ballot.answers)
    for receipt in _receipts(count):
        receipts.add(receipt)
    released = release(form, tally, {}, terms, read_criteria(criteria))
    lines = package.release_lines({code: line.to_json() for code, line in released.items()})
    ledger, last = [], None
    for record in (
        preregistration.opened(form, terms),
        preregistration.sealed(form, terms, criteria, root=tree.root(), receipts=receipts.hexdigest()),
        KeyDestroyed(SLUG),
        ReleasePublished(SLUG, documents.fingerprint(package.lines(lines))),
    ):
        last = _next(last, record, signer)
        ledger.append(last.line)
    contents = Contents(
        wave=SLUG,
        key=signer.key,
        ledger=ledger,
        head=Head.over(ledger, signer.key).signed(signer),
        form=form_to_json(form),
        terms=preregistration.terms_document(terms),
        weights=preregistration.weights_document(),
        formulas=preregistration.formulas_document(),
        criteria=criteria,
        release=lines,
    )
    with Writing(file, count) as being:
        for ballot in _ballots(form, count):
            being.ballot(ballot)
        for receipt in _receipts(count):
            being.receipt(receipt)
        being.finish(contents)


def _next(last: Entry | None, record: Any, signer: Signer) -> Entry:
    return appended(last, record, DAY, signer)


def _ballots(form: Form, count: int) -> Iterator[SealedBallot]:
    """The same ones each time."""
    dice = random.Random(count)
    scales = [
        question.name for question in form.questions if question.choices and question.name != "niem_yet"
    ]
    for position in range(count):
        answers = {name: dice.choices("543210", weights=(40, 35, 12, 6, 4, 3))[0] for name in scales}
        text = written_answers({**answers, "niem_yet": dice.choice(("co", "khong"))})
        unit, salt = dice.choice(WARDS), dice.randbytes(16)
        stream = dice.choices((Stream.INVITED, Stream.OPEN), weights=(8, 2))[0].value
        committed = commitment(
            wave=SLUG, unit=unit, stream=stream, mode=Mode.SELF.value, answers=text, salt=salt
        )
        yield SealedBallot(position, unit, stream, Mode.SELF.value, text, salt, committed)


def _receipts(count: int) -> Iterator[str]:
    return (new_receipt((place << 48).to_bytes(10, "big")) for place in range(count))


def _signer() -> Signer:
    private = Ed25519PrivateKey.from_private_bytes(sha256(b"a benchmark's").digest())
    return Signer(PublicKey("langnghe", private.public_key().public_bytes_raw()), private.sign)
