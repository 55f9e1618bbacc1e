"""What `langnghe outbox quote` and `agree` do: an invitation's cost on Zalo is shown, and somebody agrees to it by name. It sends nothing."""

from typing import TYPE_CHECKING

from bot.cli.desk import Refused, _in_house, _print
from surveys.outside import Quote
from surveys.outside_words import outlook_words
from surveys.waves import LOCAL, Audience

if TYPE_CHECKING:
    from bot.app import House
    from handlers.inviting_costs import InvitingCosts

__all__ = ["agree", "quote"]


def quote(wave: str, units: list[str], *, asks_businesses: bool = False) -> int:
    async def work(house: "House") -> None:
        costs = _costs(house)
        try:
            asked = await costs.audience_of(wave)
        except LookupError:  # a schedule will open it
            asked = Audience.BUSINESSES if asks_businesses else Audience.RESIDENTS
        reckoning = await costs.reckon(await _wards(costs, wave, units), asked)
        for kind, reach in reckoning.channels.items():
            outside = f", {sum(reckoning.outside.values())} outside the window" * (kind == "zalo")
            _print(f"{kind:10} {reach.free} free, {reach.billed} billed{outside}")
        if reckoning.cost is None:
            _print("What a billed message costs nobody has told: ZALO_MESSAGE_PRICE.")
        elif reckoning.billed:
            _print(f"Billed messages: about {reckoning.cost} đồng.")
        assert reckoning.outlook is not None
        for line in outlook_words(reckoning.outlook):
            _print(line)
        if (found := reckoning.outlook.quote) is not None:
            _print(
                f"Agree with: langnghe outbox agree {wave} --templates {found.count} --total {found.total} --by NAME"
            )
        if (order := await costs.agreed(wave)) is not None:
            at = order.agreed_at.astimezone(LOCAL)
            _print(
                f"Agreed to: {order.agreed} templates at {order.price} đồng, by {order.agreed_by}, {at:%d/%m/%Y %H:%M}; "
                f"begun {order.taken}, taken by Zalo {order.sent}."
            )

    return _in_house(work)


def agree(wave: str, templates: int, total: int, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.inviting_costs import NotAgreed
        from handlers.noting import at_the_machine

        price, rest = divmod(total, templates)
        if rest:
            raise Refused(
                f"{total} đồng are not the price of {templates} templates: langnghe outbox quote {wave}"
            )
        if not by.strip():
            raise Refused("Somebody must agree to the cost, by name: --by")
        try:
            await _costs(house).agree(at_the_machine(by), wave, Quote(templates, price))
        except NotAgreed as trouble:
            raise Refused(f"{trouble} See: langnghe outbox quote {wave}") from None
        _print(f"{by} agrees to {templates} templates for {total} đồng at the most, and not one more.")

    return _in_house(work)


def _costs(house: "House") -> "InvitingCosts":
    from handlers.inviting_costs import InvitingCosts

    settings = house.settings
    return InvitingCosts(
        house.db, settings.outside, settings.zalo_message_price, house.arrivals.leaving, house.now
    )


async def _wards(costs: "InvitingCosts", wave: str, units: list[str]) -> tuple[str, ...]:
    if not units:
        try:
            return await costs.units_of(wave)
        except LookupError:
            raise Refused(f"There is no wave {wave} yet: name its wards or its province, --unit 86") from None
    wards: set[str] = set()
    for code in units:
        if not (found := await costs.wards_of(code)):
            raise Refused(f"There is no unit {code}. See: langnghe units find")
        wards |= set(found)
    return tuple(sorted(wards))
