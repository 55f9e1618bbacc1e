"""Releasing: what may be seen of a wave, computed once from its sealed ballots, and let out only if the attacker finds nothing in it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from handlers.published import form_of, id_of
from storage import rows
from storage.transaction import Tx
from surveys import attacker, package
from surveys.assessment import CriteriaSet, read_criteria
from surveys.attacker import Exposed
from surveys.documents import fingerprint
from surveys.entry import Stream
from surveys.forms.form import Form
from surveys.forms.session import Mode
from surveys.ledger import read_entry
from surveys.preregistration import KNOWN, formulas_in, plans_from, terms_from
from surveys.records import Exclusion, PersonsInvited, Record, ReleasePublished, TokensIssued, of_wave
from surveys.releases import Detail, Flagged, Released, Terms
from surveys.releasing import FORMULAS, Findings, release, tally_for
from surveys.results import Tally
from surveys.statistics import Plan
from surveys.stuffing import Watched

__all__ = ["Exposed", "Material", "excluded", "gathered", "lines_of", "published", "told"]

log = structlog.get_logger()

OLDEST = min(KNOWN)  # what a wave of some version before is released by, too
STREAMS = {stream.value: stream for stream in Stream}
MODES = {mode.value: mode for mode in Mode}


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a release follows from, counted: nothing in it grows with the number of ballots."""

    form: Form
    tally: Tally
    comments: Mapping[str, int]
    terms: Terms
    criteria: CriteriaSet
    plans: Sequence[Plan]
    findings: Findings
    formulas: int = FORMULAS
    """By which version the wave was opened."""

    def released(self, detail: Detail) -> dict[str, Released]:
        return release(
            self.form,
            self.tally,
            self.comments,
            self.terms,
            self.criteria,
            plans=self.plans,
            findings=self.findings,
            detail=detail,
            formulas=self.formulas,
        )


async def gathered(tx: Tx, wave: rows.Wave) -> Material:
    """On the terms that were fixed when the wave opened. Ballots pass by one after another."""
    wave_id = id_of(wave)
    form = await form_of(tx, wave)
    fixed = await tx.wave_terms.of(wave_id)
    assert fixed is not None, "a wave that takes answers has its terms"
    plans = plans_from(await tx.documents.get(fixed.weights))
    tally = tally_for(form, plans)
    async for ballot in tx.ballots.of_wave(wave_id):
        tally.add_text(ballot.unit, STREAMS[ballot.stream], MODES[ballot.mode], ballot.answers)
    return Material(
        form,
        tally,
        await tx.comments.numbers(wave_id),
        terms_from(await tx.documents.get(fixed.terms)),
        read_criteria(await tx.documents.get(fixed.criteria)),
        plans,
        await _findings(tx, wave),
        formulas_in(await tx.documents.get(fixed.formulas)) or OLDEST,
    )


async def published(material: Material) -> dict[str, Released]:
    """Code → its line, in as much detail as can be shown. Solving the attacker's equations takes seconds, off the event loop.

    Our own suppression is made so that nothing is found. Should it be, the release is made again in less detail; the last
    step holds rows alone, each of which is safe by itself. Raises Exposed when even that is not: then our program is wrong,
    nothing is published and the wave stays sealed until somebody has mended it.
    """
    return await asyncio.to_thread(_withstanding, material)


def _withstanding(material: Material) -> dict[str, Released]:
    slug = material.terms.slug
    found: Sequence[attacker.Exposure] = ()
    for detail in Detail:
        lines = material.released(detail)
        found = attacker.exposures(lines.values(), material.form, material.tally, material.findings)
        if not found:
            return lines
        log.error("release.exposes", wave=slug, detail=detail.value, cells=[str(each) for each in found[:3]])
    raise Exposed(slug, found)


def lines_of(released: Mapping[str, Released]) -> dict[str, str]:
    """Code → the line as it is stored."""
    return {code: line.to_json() for code, line in released.items()}


def told(slug: str, lines: Mapping[str, str]) -> ReleasePublished:
    """What the ledger says of it: the digest of the file that auditors get."""
    return ReleasePublished(slug, fingerprint(package.lines(package.release_lines(lines))))


async def _findings(tx: Tx, wave: rows.Wave) -> Findings:
    records = await ledger_of(tx, wave.slug)
    issued: Counter[str] = Counter()
    for record in records:
        if isinstance(record, TokensIssued):
            issued[record.unit] += record.count
    invited = {each.unit: each.count for each in records if isinstance(each, PersonsInvited)}
    flags: dict[str, list[Flagged]] = {}
    for stratum in await tx.strata.of_wave(id_of(wave)):
        if found := Watched.from_json(stratum.body).flags:
            flags.setdefault(stratum.unit, []).append(Flagged(stratum.stream, stratum.mode, found))
    return Findings(_exclusions(records), flags, issued, invited)


async def excluded(tx: Tx, slug: str) -> list[Exclusion]:
    """What two persons have taken out by now."""
    return _exclusions(await ledger_of(tx, slug))


def _exclusions(records: Sequence[Record]) -> list[Exclusion]:
    return [each for each in records if isinstance(each, Exclusion)]


async def ledger_of(tx: Tx, slug: str) -> list[Record]:
    """What the ledger has said of a wave."""
    records = [read_entry(line).record async for line in tx.ledger.each()]
    return [record for record in records if of_wave(record) == slug]
