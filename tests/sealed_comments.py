"""Sealed waves with comments in them, for whoever tests how the province reads and hands over."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from handlers.comments import Comments
from storage import rows
from storage.ballots import SealedBallot
from storage.database import Database
from storage.transaction import Tx
from storage.vault import Vault
from surveys.ballots import written_answers
from surveys.comments import FEWEST_VOICES, new_id
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.form import Form
from surveys.forms.published import form_to_json
from surveys.forms.session import Mode
from tests.conftest import Clock

__all__ = ["HOA_THUAN", "HUNG", "LAN", "LONG_DUC", "VISIT", "YEARLY", "Town", "remarks"]

LONG_DUC, HOA_THUAN = "29263", "29398"
YEARLY, VISIT = library.load("hang_nam_nguoi_dan"), library.load("tham_luot")
LAN, HUNG = "Nguyễn Thị Lan", "Trần Văn Hùng"


class Town:
    """Sealed waves with comments in them, and the province that reads."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self.db, self.vault, self.clock = db, vault, clock
        self.comments = Comments(db, vault, clock)

    async def seals(
        self,
        texts: Sequence[str],
        *,
        slug: str = "2026",
        unit: str = LONG_DUC,
        voices: int = FEWEST_VOICES,
        form: Form = YEARLY,
        whole: bool = False,
        question: str = "gop_y",
        mode: Mode = Mode.SELF,
    ) -> list[str]:
        """Comments of a wave that is sealed now. Their ids, in the order of the texts."""
        ids = [new_id(secrets.token_bytes(16), by_template=mode is Mode.ZBS) for _ in texts]
        async with self.db.transaction() as tx:
            wave = await tx.waves.by_slug(slug)
            wave_id = wave.id if wave is not None else await self._wave(tx, slug, form)
            assert wave_id is not None
            if wave is None:
                ballots = [a_ballot(place, unit, mode) for place in range(voices)]
                await tx.ballots.add_many(wave_id, ballots)
            await tx.comments.add_many(
                rows.Comment(
                    id=id,
                    wave_id=wave_id,
                    unit=unit,
                    week="2026-W47",
                    body=self.vault.seal_comment(
                        id,
                        written_answers(
                            {"question": question, "text": text, "whole": "yes" if whole else ""}
                        ),
                    ),
                )
                for id, text in zip(ids, texts, strict=True)
            )
        return ids

    async def _wave(self, tx: Tx, slug: str, form: Form) -> int:
        now = self.clock()
        await tx.forms.add(
            rows.Form(id=form.id, version=form.version, digest=form.digest, body=form_to_json(form))
        )
        return await tx.waves.add(
            rows.Wave(
                slug=slug,
                form_id=form.id,
                form_version=form.version,
                title=f"Đợt {slug}",
                audience="residents",
                state="sealed",
                opens_at=now - timedelta(days=30),
                closes_at=now - timedelta(days=7),
                sealed_at=now,
                k=10,
            )
        )

    async def votes(self, slug: str, number: int, mode: Mode, unit: str = LONG_DUC) -> None:
        """So many more ballots of a wave that is sealed."""
        async with self.db.transaction() as tx:
            wave = await tx.waves.by_slug(slug)
            assert wave is not None
            assert wave.id is not None
            there = [ballot async for ballot in tx.ballots.of_wave(wave.id)]
            more = [a_ballot(len(there) + place, unit, mode) for place in range(number)]
            await tx.ballots.add_many(wave.id, more)

    async def passes(self, ids: Sequence[str], by: str = LAN) -> None:
        for id in ids:
            await self.comments.pass_on(id, by=by)

    async def ward_sees(self, unit: str = LONG_DUC) -> list[list[str]]:
        return [[each.text for each in ten] for ten in await self.comments.handed(unit)]


def a_ballot(place: int, unit: str, mode: Mode = Mode.SELF) -> SealedBallot:
    stream = Stream.VISIT if mode is Mode.ZBS else Stream.INVITED
    return SealedBallot(
        place, unit, stream.value, mode.value, "{}", secrets.token_bytes(16), secrets.token_bytes(32)
    )


def remarks(number: int, first: int = 0) -> list[str]:
    return [f"Nên có thêm ghế chờ, ý kiến thứ {each}" for each in range(first, first + number)]
