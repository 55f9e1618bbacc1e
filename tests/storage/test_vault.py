"""What rests in the database tells nothing without the key, and cannot be moved or changed unnoticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.keys import FileKeys, KeyGone
from storage.vault import PAD, Tampered, Vault
from surveys.conversation import Address

PERSON = Address("telegram", "77")
OVERHEAD = 12 + 16  # nonce and tag


@pytest.fixture
def open_vault(vault: Vault) -> Vault:
    """With the keys of waves 1 and 2."""
    vault.create_wave(1)
    vault.create_wave(2)
    return vault


def test_a_nullifier_is_one_persons_in_one_wave(open_vault: Vault):
    names = {
        open_vault.nullifier(1, PERSON.person),
        open_vault.nullifier(2, PERSON.person),
        open_vault.nullifier(1, b"somebody else"),
        open_vault.lobby(PERSON.person),
        open_vault.fingerprint(PERSON),
    }

    assert len(names) == 5
    assert {len(name) for name in names} == {16}
    assert open_vault.nullifier(1, PERSON.person) in names


def test_two_vaults_over_one_store_are_one(open_vault: Vault, keys: FileKeys):
    other = Vault(keys)
    name = open_vault.nullifier(1, PERSON.person)

    assert other.nullifier(1, PERSON.person) == name
    assert other.open_body(1, name, open_vault.seal_body(1, name, b"answers")) == b"answers"
    assert (other.tap_key, other.entry_key) == (open_vault.tap_key, open_vault.entry_key)


@pytest.mark.parametrize("size", [0, 1, 100, PAD - 1])
def test_the_size_of_a_body_tells_nothing(open_vault: Vault, size: int):
    assert len(open_vault.seal_body(1, bytes(16), b"a" * size)) == PAD + OVERHEAD


def test_a_long_body_fills_more_blocks(open_vault: Vault):
    sealed = open_vault.seal_body(1, bytes(16), bytes(PAD))

    assert len(sealed) == 2 * PAD + OVERHEAD
    assert open_vault.open_body(1, bytes(16), sealed) == bytes(PAD)


def test_the_same_words_never_look_the_same(open_vault: Vault):
    assert len({open_vault.seal_body(1, bytes(16), b"5") for _ in range(50)}) == 50


def test_a_body_opens_only_in_its_own_place(open_vault: Vault):
    sealed = open_vault.seal_body(1, bytes(16), b"answers")

    for wave, name in ((1, b"1" * 16), (2, bytes(16))):
        with pytest.raises(Tampered):
            open_vault.open_body(wave, name, sealed)
    with pytest.raises(Tampered):
        open_vault.open_lobby(bytes(16), sealed)


@pytest.mark.parametrize("place", [0, 12, 100, -1])
def test_a_changed_body_does_not_open(open_vault: Vault, place: int):
    sealed = bytearray(open_vault.seal_body(1, bytes(16), b"answers"))
    sealed[place] ^= 1

    with pytest.raises(Tampered):
        open_vault.open_body(1, bytes(16), bytes(sealed))


@pytest.mark.parametrize("junk", [b"", b"short", bytes(28)])
def test_junk_does_not_open(open_vault: Vault, junk: bytes):
    with pytest.raises(Tampered):
        open_vault.open_body(1, bytes(16), junk)
    with pytest.raises((Tampered, KeyGone)):
        open_vault.open_address(bytes(16), junk)


def test_without_the_waves_key_nothing_can_be_named_or_opened(
    open_vault: Vault, keys: FileKeys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("storage.keys.LOOK_AGAIN", 0.0)  # instead of waiting for a second
    other = Vault(keys)
    sealed = other.seal_body(1, bytes(16), b"answers")

    open_vault.destroy_wave(1)

    for vault in (open_vault, other, Vault(keys)):
        with pytest.raises(KeyGone):
            vault.nullifier(1, PERSON.person)
        with pytest.raises(KeyGone):
            vault.open_body(1, bytes(16), sealed)
        with pytest.raises(KeyGone):
            vault.spent_mark(1, b"42")
        with pytest.raises(KeyGone):
            vault.place(1, "ballot", bytes(16))
        assert not vault.has_wave(1)
        assert vault.has_wave(2)


def test_a_wave_that_has_a_key_keeps_it(open_vault: Vault):
    before = open_vault.nullifier(1, b"x")

    open_vault.create_wave(1)

    assert open_vault.nullifier(1, b"x") == before


def test_a_spent_mark_knows_a_token_of_its_wave(open_vault: Vault):
    marks = [
        open_vault.spent_mark(1, b"42"),
        open_vault.spent_mark(1, b"43"),
        open_vault.spent_mark(2, b"42"),
        open_vault.place(1, "42", b""),
    ]

    assert len(set(marks)) == 4
    assert {len(mark) for mark in marks} == {16}
    assert open_vault.spent_mark(1, b"42") == marks[0]


def test_a_message_is_known_again_in_the_lobby(open_vault: Vault):
    assert open_vault.lobby_mark("42") == open_vault.lobby_mark("42") != open_vault.lobby_mark("43")
    assert len(open_vault.lobby_mark("42")) == 8


def test_every_heap_has_an_order_of_its_own(open_vault: Vault):
    nullifiers = [bytes([number]) * 16 for number in range(50)]
    heaps = ("ballot", "receipt", "comment/gop_y")

    places = {heap: open_vault.places(1, heap, nullifiers) for heap in heaps}

    for heap, found in places.items():
        assert found == [open_vault.place(1, heap, nullifier) for nullifier in nullifiers]
    orders = {tuple(sorted(range(50), key=found.__getitem__)) for found in places.values()}
    assert len({*orders, tuple(range(50))}) == 4


def test_only_one_at_a_time_is_alone_with_a_wave(open_vault: Vault, keys: FileKeys):
    other = Vault(keys)

    with open_vault.alone_with_wave(1) as first, other.alone_with_wave(1) as second:
        assert (first, second) == (True, False)
        with other.alone_with_wave(2) as elsewhere:
            assert elsewhere
    with other.alone_with_wave(1) as again:
        assert again


def test_the_lobby_opens_to_whom_it_belongs(vault: Vault):
    name = vault.lobby(PERSON.person)

    assert vault.open_lobby(name, vault.seal_lobby(name, b"choosing a ward")) == b"choosing a ward"


def test_addresses_stay_readable_when_the_ring_turns(vault: Vault, keys: FileKeys):
    old = vault.seal_address(PERSON)
    assert vault.turn_ring() == 2
    new = vault.seal_address(PERSON)

    assert (old[0], new[0]) == (1, 2)
    for sealed in (old, new):
        assert Vault(keys).open_address(vault.fingerprint(PERSON), sealed) == PERSON
    with pytest.raises(Tampered):
        vault.open_address(vault.fingerprint(Address("telegram", "78")), new)


def test_an_address_looks_like_any_other(vault: Vault):
    sizes = {len(vault.seal_address(Address("zalo:1", "9" * length))) for length in range(1, 40)}

    assert len(sizes) == 1


def test_a_comment_opens_only_under_its_id(vault: Vault):
    sealed = vault.seal_comment("a1", "Ghế chờ ít quá")

    assert vault.open_comment("a1", sealed) == "Ghế chờ ít quá"
    with pytest.raises(Tampered):
        vault.open_comment("a2", sealed)


@given(st.binary(max_size=2000))
def test_whatever_was_sealed_is_what_is_opened(shared_vault: Vault, plaintext: bytes):
    name = shared_vault.nullifier(1, plaintext)

    assert shared_vault.open_body(1, name, shared_vault.seal_body(1, name, plaintext)) == plaintext


@pytest.fixture(scope="module")
def shared_vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    vault = Vault(FileKeys(tmp_path_factory.mktemp("shared") / "keys"))
    vault.create_wave(1)
    return vault
