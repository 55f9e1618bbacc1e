"""Random people in one town, on real SQLite: nothing is ever unhandled, everybody can finish, and at the seal the sums agree."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from storage.vault import Vault
from surveys.entry import Stream
from surveys.forms.session import Session
from tests.conftest import Clock
from tests.journeys.town import LONG_DUC, TRA_VINH, Heard, Resident, Town, a_town

T = TypeVar("T")
CONVERSATIONS = 150
STEPS = 15

WORDS = st.sampled_from(
    """1|2|3|4|5|0|6|7|8|9|12|113|1,3|hài lòng|đồng ý|không|có|ok|bỏ qua|quay lại|tiếp tục|trợ giúp|ngôn ngữ|english
tiếng việt|khmer|sau|dừng|xem lại|menu|dữ liệu|phường|nhận thông báo|xin chào|long đức|phuong 4 tra vinh|loong duc|trà vinh
vĩnh long|atlantis|cháy nhà|tôi muốn tố cáo|gọi 0912345678|ghế chờ ít quá|/kiemtra K7QF-3M2X-9TWA-5H8C|/start|/start v29263""".replace(
        "\n", "|"
    ).split("|")
)


def test_random_people_can_always_go_on_and_the_sums_agree(
    sqlite_url: str, tmp_path: Path, vault: Vault, clock: Clock
) -> None:
    with asyncio.Runner() as runner:
        opened = a_town(sqlite_url, tmp_path, vault, clock)
        town = runner.run(opened.__aenter__())
        visits, yearly = runner.run(town.opens_visits()), runner.run(town.opens_yearly())
        people: list[Resident] = []

        class Person(RuleBasedStateMachine):
            def __init__(self) -> None:
                super().__init__()
                self.resident = Resident(town, f"nguoi-{len(people)}")
                people.append(self.resident)
                self.tokens: list[str] = []

            def does(self, action: Coroutine[Any, Any, Heard]) -> Heard:
                heard = runner.run(action)
                assert heard.messages
                self.tokens.extend(option.token for option in heard.options)
                return heard

            @rule(unit=st.sampled_from([LONG_DUC, TRA_VINH]), stream=st.sampled_from(Stream))
            def scans(self, unit: str, stream: Stream) -> None:
                self.does(self.resident.starts(town.link(unit, stream)))

            @rule(payload=st.one_of(st.just(""), st.text(max_size=20)))
            def starts(self, payload: str) -> None:
                self.does(self.resident.starts(payload))

            @rule(words=st.one_of(WORDS, st.text(max_size=30)))
            def says(self, words: str) -> None:
                self.does(self.resident.says(words))

            @rule(place=st.integers(0, 8))
            def taps(self, place: int) -> None:
                options = self.resident.heard.options
                if options:
                    self.does(self.resident.taps_token(options[place % len(options)].token))

            @rule(place=st.integers(0, 10_000))
            def taps_an_old_button(self, place: int) -> None:
                if self.tokens:
                    self.does(self.resident.taps_token(self.tokens[place % len(self.tokens)]))

            @rule()
            def taps_somebody_elses_button(self) -> None:
                tokens = [option.token for person in people[-2:-1] for option in person.heard.options]
                if tokens:
                    self.does(self.resident.taps_token(tokens[0]))

            @rule(place=st.integers(0, 3))
            def is_heard_twice(self, place: int) -> None:
                message = self.resident.message(text=str(place))
                self.does(self.resident.sends(message))
                before = runner.run(answers_of(town, visits, yearly, self.resident))
                self.does(self.resident.sends(message))
                assert runner.run(answers_of(town, visits, yearly, self.resident)) == before

            @rule()
            def comes_back_after_a_restart(self) -> None:
                town.restarts()

            def teardown(self) -> None:
                finishes(runner, town, self.resident)

        run_state_machine_as_test(
            Person,
            settings=settings(
                max_examples=CONVERSATIONS,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )

        runner.run(seals_and_counts(town, visits, yearly))
        runner.run(opened.__aexit__(None, None, None))


def finishes(runner: asyncio.Runner, town: Town, resident: Resident) -> None:
    """However they got here, this person can still rate a visit to its end."""
    for _ in range(40):
        heard = runner.run(resident.starts(town.link(LONG_DUC, Stream.VISIT)))
        for label in ("Đồng ý, bắt đầu", "I agree, start", "យល់ព្រម ចាប់ផ្តើម"):
            if label in heard.buttons:
                heard = runner.run(resident.taps(label))
        if is_farewell(heard):
            return
        for _ in range(3):
            heard = runner.run(resident.says("/boqua"))
            if is_farewell(heard):
                return
    raise AssertionError(f"somebody who cannot go on: {resident.heard}")


def is_farewell(heard: Heard) -> bool:
    return "/kiemtra" in heard.text and "-" in heard.text


async def answers_of(town: Town, visits: int, yearly: int, resident: Resident) -> list[object]:
    found: list[object] = []
    async with town.database.reading() as tx:
        for wave in (visits, yearly):
            nullifier = town.vault.nullifier(wave, resident.address.person)
            for _, body in (await tx.sessions.of([nullifier])).values():
                opened = town.vault.open_body(wave, nullifier, body)
                found.append(Session.from_json(opened).answers if opened else "withdrawn")
    return found


async def seals_and_counts(town: Town, visits: int, yearly: int) -> None:
    """Every session that said something is one ballot, in every ward and stream, and no other ballot is there."""
    sessions = {wave: await town.sessions(wave) for wave in (visits, yearly)}
    expected = {
        wave: sorted((each.unit, str(each.stream)) for each in those if each.is_begun)
        for wave, those in sessions.items()
    }
    receipts = {
        wave: sorted(each.receipt for each in those if each.is_begun) for wave, those in sessions.items()
    }
    town.clock.advance(days=60)
    await town.waves.advance()

    async with town.database.reading() as tx:
        for wave in (visits, yearly):
            ballots = [(each.unit, each.stream) async for each in tx.ballots.of_wave(wave)]
            assert sorted(ballots) == expected[wave]
            assert [each async for each in tx.receipts.of_wave(wave)] == receipts[wave]
            assert [each async for each in tx.sessions.of_wave(wave)] == []
