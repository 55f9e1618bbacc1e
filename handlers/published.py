"""A wave's row, and the form it asks."""

from storage import rows
from storage.transaction import Tx
from surveys.forms.form import Form
from surveys.forms.published import form_from_json

__all__ = ["form_of", "id_of"]


def id_of(wave: rows.Wave) -> int:
    assert wave.id is not None, "a stored wave has an id"
    return wave.id


async def form_of(tx: Tx, wave: rows.Wave) -> Form:
    row = await tx.forms.get(wave.form_id, wave.form_version)
    assert row is not None, "a wave's form is held by a foreign key"
    return form_from_json(row.body)
