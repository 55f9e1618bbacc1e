"""Releasing: what wards may see of a wave, computed once from its sealed ballots."""

from handlers.published import form_of, id_of
from storage import rows
from storage.transaction import Tx
from surveys.assessment import read_criteria
from surveys.ballots import read_answers
from surveys.entry import Stream
from surveys.preregistration import terms_from
from surveys.releases import ReleasedWard
from surveys.releasing import release
from surveys.results import Tally

__all__ = ["computed"]


async def computed(tx: Tx, wave: rows.Wave) -> dict[str, ReleasedWard]:
    """Unit → what may be shown of it, on the terms that were fixed when the wave opened."""
    form = await form_of(tx, wave)
    fixed = await tx.wave_terms.of(id_of(wave))
    assert fixed is not None, "a wave that takes answers has its terms"
    terms = terms_from(await tx.documents.get(fixed.terms))
    criteria = read_criteria(await tx.documents.get(fixed.criteria))
    tally = Tally(form)
    async for ballot in tx.ballots.of_wave(id_of(wave)):
        tally.add(ballot.unit, Stream(ballot.stream), read_answers(ballot.answers))
    comments: dict[str, int] = {}
    for comment in await tx.comments.of_wave(id_of(wave)):
        comments[comment.unit] = comments.get(comment.unit, 0) + 1
    return release(form, tally, comments, terms, criteria)
