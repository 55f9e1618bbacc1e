"""A rush on Zalo's webhook: what Zalo waits for goes first, and what a person waits for goes out as soon as there is room."""

import asyncio
from datetime import timedelta

from bot.channels import zalo_oa
from bot.channels.zalo_oa import IN_HAND
from surveys.conversation import Address, Reply, Say
from tests.contracts.conftest import door_to, official_account
from tests.contracts.test_zalo_events import delivery, from_user, now_of, status
from tests.patience import PATIENCE


async def test_while_many_events_are_in_hand_replies_hold_back(zalo, sqlite_database, vault, monkeypatch):
    # Here they are in hand for as long as the test takes.
    monkeypatch.setattr(zalo_oa, "ANSWERED_WITHIN", timedelta(seconds=PATIENCE))
    ann, binh = zalo.world.resident(zalo.oa), zalo.world.resident(zalo.oa)
    for each in (ann, binh):
        each.last_interaction = zalo.time()
    begun, gates = asyncio.Semaphore(0), [asyncio.Event() for _ in range(IN_HAND + 1)]

    async def accept(incoming):
        begun.release()
        if incoming.text != "ann":
            await gates[int(incoming.text)].wait()
            return Reply()
        return Reply((Say("Đã nhận."),))

    async with official_account(zalo, accept, sqlite_database, vault, address="v2") as account:
        door = door_to(zalo, account)

        def arrives(person, text):
            body = from_user("user_send_text", text=text, msg_id=text)
            body |= {"timestamp": now_of(zalo), "sender": {"id": person}}
            return asyncio.create_task(status(door, *delivery(body, zalo)))

        async with asyncio.timeout(PATIENCE):
            others = [arrives("1", str(number)) for number in range(IN_HAND + 1)]
            for _ in others:
                await begun.acquire()

            assert await arrives(ann.id, "ann") == 200, "acknowledged all the same"
            await account.send(Address(account.account, binh.id), Say("Thông báo."))
            assert (len(ann.heard), len(binh.heard)) == (0, 1), "only replies hold back"
            gates[0].set()
            assert await others[0] == 200
            await zalo.until(lambda: len(ann.heard) == 1)

            assert sum(other.done() for other in others) == 1, "there is room with sixteen in hand"
            for gate in gates:
                gate.set()
            assert await asyncio.gather(*others) == [200] * len(others)
