"""What `langnghe outbox …` does: an operator looks at what is being sent, pauses it, lets it go on. It shows counts and reasons, and
nobody's address."""

from collections.abc import Awaitable, Container
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.cli.desk import Refused, _in_house, _print
from surveys.delivery import CampaignState, DeliveryState, Why
from surveys.waves import LOCAL

if TYPE_CHECKING:
    from bot.app import House
    from storage.outbox import Sender, Standing
    from storage.transaction import Tx

__all__ = ["dead", "pause", "release", "resume", "retry", "status", "stop"]

FOREVER = timedelta(days=3650)
PAGE = 500  # rows in a transaction: answers do not wait for more


def status(some: int) -> int:
    from storage.outbox import ALL

    async def work(house: "House") -> None:
        async with house.db.reading() as tx:
            campaigns = await tx.outbox.latest(some)
            counts = {each.id: await tx.outbox.counts(each.id) for each in campaigns}
            senders = await tx.outbox.senders()
            outside = {each.id: await _outside(tx, each) for each in campaigns}
        older = {account for account in senders.keys() - {ALL} if await _is_older(house, account)}
        _print_senders(house.now(), senders, older)
        if not campaigns:
            _print("Nothing was ever sent.")
        for each in campaigns:
            _print_campaign(each, counts[each.id])
            for line in outside[each.id]:
                _print(f"        {line}")

    return _in_house(work)


async def _outside(tx: "Tx", standing: "Standing") -> list[str]:
    """What went to people outside their window, and what that may cost."""
    campaign, lines = standing.campaign, []
    if billed := await tx.outside.billed(standing.id):
        lines.append(f"{billed} billed messages")
    if (order := await tx.outside.order(campaign.kind, campaign.subject)) is not None:
        lines.append(
            f"templates: {order.sent} sent, {order.taken - order.sent} unknown or under way, of {order.agreed} at "
            f"{order.price} đồng that {order.agreed_by} agreed to"
        )
    for article in await tx.outside.articles(standing.id):
        why = f" ({article.why})" if article.why else ""
        lines.append(f"article of {article.account}: {article.state}{why}")
    return lines


async def _is_older(house: "House", account: str) -> bool:
    """Whether the database is older than what was sent on the account, however quickly that goes on meanwhile."""
    from bot.outgoing import epochs_of
    from handlers.clock_holds import both_numbers, is_older

    async def in_the_database() -> int:
        async with house.db.reading() as tx:
            return (await tx.outbox.senders())[account].epoch

    epochs = epochs_of(house)
    return is_older(*await both_numbers(in_the_database, lambda: epochs.known(account)))


def _print_senders(now: datetime, senders: "dict[str, Sender]", older: Container[str]) -> None:
    from storage.outbox import ALL

    for account, sender in senders.items():
        name = "everything" if account == ALL else account
        is_held = sender.until is not None and sender.until > now
        parts = [f"sends (process {sender.owner})" if is_held else "nobody sends on it"] * (account != ALL)
        if sender.paused_until is not None and sender.paused_until > now:
            parts.append(f"paused{_until(sender.paused_until, now)}: {sender.why}")
        if account in older:
            parts.append(
                "the database is older than what was sent from it; look, then: langnghe outbox release"
            )
        _print(f"{name:24} {'; '.join(parts) or 'goes on'}")


def _until(moment: datetime, now: datetime) -> str:
    if moment - now > FOREVER / 2:
        return " until somebody lets it go on"
    return f" until {moment.astimezone(LOCAL):%d/%m/%Y %H:%M:%S}"


def _print_campaign(standing: "Standing", counts: dict[DeliveryState, int]) -> None:
    campaign = standing.campaign
    total = sum(counts.values())
    words = ", ".join(f"{state.value} {counts[state]}" for state in DeliveryState if counts.get(state))
    why = f" ({standing.why})" if standing.why else ""
    begins = campaign.not_before.astimezone(LOCAL)
    written = (
        ""
        if standing.is_written_down or standing.state is CampaignState.DONE
        else ", still being written down"
    )
    _print(
        f"{standing.id:6}  {campaign.kind} {campaign.subject}  {standing.state.value}{why}  {begins:%d/%m/%Y %H:%M}"
    )
    _print(f"        {total} recipients{written}: {words or 'nobody yet'}")


def pause(campaign: int, reason: str) -> int:
    async def work(house: "House") -> None:
        from storage.outbox import ALL

        async with house.db.transaction() as tx:
            if campaign:
                await _known(tx.outbox.get(campaign))
                if not await tx.outbox.pause(campaign, reason):
                    raise Refused(f"Campaign {campaign} is not under way. See: langnghe outbox status")
            else:
                await tx.outbox.pause_account(ALL, house.now() + FOREVER, reason)
            await _note(tx, house, "outbox.pause", campaign, reason)
        _print(f"Paused. Go on with: langnghe outbox resume{f' --campaign {campaign}' if campaign else ''}")

    return _in_house(work)


def resume(campaign: int) -> int:
    async def work(house: "House") -> None:
        from storage.outbox import ALL

        async with house.db.transaction() as tx:
            if campaign:
                await _known(tx.outbox.get(campaign))
                if not await tx.outbox.resume(campaign):
                    raise Refused(f"Campaign {campaign} is not paused. See: langnghe outbox status")
            else:
                sender = (await tx.outbox.senders()).get(ALL)
                if sender is not None and sender.why == Why.RESTORED:
                    raise Refused(
                        "The database was restored from a backup. Look at what it would send (langnghe outbox status), stop what "
                        "has been sent already, then: langnghe outbox release"
                    )
                for account in await tx.outbox.senders():
                    await tx.outbox.resume_account(account)
            await _note(tx, house, "outbox.resume", campaign)
        _print("It goes on.")

    return _in_house(work)


def stop(campaign: int, reason: str) -> int:
    async def work(house: "House") -> None:
        async with house.db.transaction() as tx:
            await _known(tx.outbox.get(campaign))
            if not await tx.outbox.stop(campaign, reason):
                raise Refused(f"Campaign {campaign} is over. See: langnghe outbox status")
            await _note(tx, house, "outbox.stop", campaign, reason)
        _print("Stopped. Whoever does not have it yet will not get it.")

    return _in_house(work)


def dead(campaign: int, some: int) -> int:
    async def work(house: "House") -> None:
        async with house.db.reading() as tx:
            await _known(tx.outbox.get(campaign))
            letters = await tx.outbox.dead(campaign, 0, some)
            reasons = await tx.outbox.reasons(campaign)
        for (state, reason), number in sorted(reasons.items(), key=lambda each: -each[1]):
            _print(f"{number:8}  {state.value:14} {reason}")
        if not letters:
            _print("No dead letters.")
        for letter in letters:
            _print(
                f"  delivery {letter.id}  {letter.account}  {letter.state.value}  attempts {letter.attempts}  {letter.reason}"
            )
        if any(letter.state is DeliveryState.FAILED for letter in letters):
            _print(
                f"When its cause is mended: langnghe outbox retry {campaign}, and langnghe outbox resume --campaign {campaign} if it is paused"
            )

    return _in_house(work)


def retry(campaign: int, reason: str) -> int:
    async def work(house: "House") -> None:
        again = 0
        async with house.db.reading() as tx:
            await _known(tx.outbox.get(campaign))
            if (await tx.outbox.get(campaign)).was_stopped:
                raise Refused(f"Campaign {campaign} was taken back: nobody gets it any more.")
        while True:
            async with house.db.transaction() as tx:
                some = await tx.outbox.retry(campaign, PAGE, reason or None)
            again += some
            if some < PAGE:
                break
        async with house.db.transaction() as tx:
            await _note(tx, house, "outbox.retry", campaign, reason)
        _print(f"{again} wait again. What is unknown stays as it is: it may have arrived.")

    return _in_house(work)


def release() -> int:
    async def work(house: "House") -> None:
        from bot.outgoing import epochs_of
        from bot.sending.articles import epoch_name
        from storage.outbox import ALL

        async with house.db.reading() as tx:
            senders = await tx.outbox.senders()
            accounts = [account for account in senders if account != ALL]
            steps = {epoch_name(each): await tx.outside.steps(each) for each in accounts}
        await epochs_of(house).accept({each: senders[each].epoch for each in accounts} | steps)
        async with house.db.transaction() as tx:
            await tx.outbox.resume_account(ALL)
            await _note(tx, house, "outbox.release", 0)
        _print("Released. What is open goes on: langnghe outbox status")

    return _in_house(work)


async def _note(tx: "Tx", house: "House", action: str, campaign: int, reason: str = "") -> None:
    from handlers.noting import at_the_machine, note

    object = f"campaign:{campaign}" if campaign else "outbox:all"
    await note(tx, at_the_machine(""), action, object, unit=None, reason=reason, at=house.now())


async def _known(getting: "Awaitable[Standing]") -> None:
    try:
        await getting
    except LookupError as trouble:
        raise Refused(f"{trouble.args[0]} See: langnghe outbox status") from None
