"""The operator's commands about flagged ballots: leaving them out, which takes two persons, and letting them stand."""

from typing import TYPE_CHECKING

from bot.cli.desk import Refused, _in_house, _print

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["confirm", "confirm_letting_stand", "exclude", "flags", "let_stand"]


def exclude(slug: str, unit: str, stream: str, mode: str, reason: str, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.exclusions import Exclusions
        from surveys.entry import Stream
        from surveys.forms.session import Mode

        if stream not in list(Stream):
            raise Refused(f"--stream is one of {', '.join(Stream)}, not {stream}.")
        if mode and mode not in list(Mode):
            raise Refused(f"--mode is one of {', '.join(Mode)}, not {mode}; leave it away for all of them.")
        exclusions = Exclusions(house.db, house.ledger, house.now)
        chosen = Mode(mode) if mode else None
        id = await exclusions.propose(slug, unit, Stream(stream), chosen, reason, by=by)
        _print(
            f"Proposed. Another person confirms it: langnghe waves confirm {id} --by NAME. The reason, both names and the "
            "number of ballots will be published."
        )

    return _in_house(work)


async def confirm(house: "House", id: str, by: str) -> str:
    """What `waves confirm` does with a proposal of this kind, and says."""
    from handlers.exclusions import Exclusions

    done = await Exclusions(house.db, house.ledger, house.now).confirm(id, by=by)
    return f"{done.count} ballots of {done.unit} ({done.stream}, {done.mode or 'all modes'}) are left out of {done.wave}."


def let_stand(slug: str, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.exclusions import Exclusions

        id = await Exclusions(house.db, house.ledger, house.now).propose_letting_stand(slug, by=by)
        _print(f"Proposed. Another person confirms it: langnghe waves confirm {id} --by NAME.")

    return _in_house(work)


async def confirm_letting_stand(house: "House", id: str, by: str) -> str:
    """What `waves confirm` does with a proposal of that kind, and says."""
    from handlers.exclusions import Exclusions

    slug = await Exclusions(house.db, house.ledger, house.now).let_stand(id, by=by)
    return f"{slug} is released within a minute, what was flagged with its flag. To do it now: langnghe waves release {slug}"


def flags(slug: str) -> int:
    """What detectors said of a sealed wave: for the two persons who have to decide."""

    async def work(house: "House") -> None:
        from surveys.stuffing import Watched

        async with house.db.reading() as tx:
            wave = await tx.waves.by_slug(slug)
            if wave is None or wave.id is None:
                raise Refused(f"There is no wave {slug}. See: langnghe waves list")
            strata = await tx.strata.of_wave(wave.id)
        found = [(each, Watched.from_json(each.body)) for each in strata]
        flagged = [(each, watched) for each, watched in found if watched.flags]
        if not flagged:
            _print(f"Nothing is flagged in {slug}.")
        for each, watched in flagged:
            _print(
                f"{each.unit}  {each.stream:8} {each.mode:9} {watched.ballots} ballots: {', '.join(watched.flags)}"
            )
            for finding in watched.findings:
                _print(
                    f"    {finding.flag.value}: {finding.seen:g} seen, up to {finding.expected:g} would be no surprise"
                )

    return _in_house(work)
