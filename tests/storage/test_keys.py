"""Keys: made once, read often, destroyed for good."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.keys import KEY_SIZE, FileKeys, KeyGone


def test_a_key_is_random_and_stays(keys: FileKeys):
    made = keys.create("wave-1")

    assert len(made) == KEY_SIZE
    assert keys.get("wave-1") == FileKeys(keys.directory).get("wave-1") == made
    assert keys.create("wave-2") != made


def test_a_key_is_never_replaced(keys: FileKeys):
    made = keys.create("wave-1")

    with pytest.raises(FileExistsError):
        keys.create("wave-1")

    assert FileKeys(keys.directory).get("wave-1") == made


def test_only_the_owner_may_read(keys: FileKeys):
    keys.create("wave-1")

    assert keys.directory.stat().st_mode & 0o777 == 0o700
    assert (keys.directory / "wave-1.key").stat().st_mode & 0o777 == 0o600


def test_a_directory_others_may_read_is_refused(tmp_path: Path):
    tmp_path.chmod(0o755)

    with pytest.raises(PermissionError, match="chmod 700"):
        FileKeys(tmp_path)


def test_a_destroyed_key_is_gone_for_everyone(keys: FileKeys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("storage.keys.LOOK_AGAIN", 0.0)  # instead of waiting for a second
    other = FileKeys(keys.directory)
    keys.create("wave-1")
    other.get("wave-1")

    keys.destroy("wave-1")
    keys.destroy("wave-1")

    for store in (keys, other, FileKeys(keys.directory)):
        with pytest.raises(KeyGone):
            store.get("wave-1")
    assert not keys.exists("wave-1")


def test_whoever_destroys_a_key_has_forgotten_it_at_once(keys: FileKeys):
    keys.create("wave-1")

    keys.destroy("wave-1")

    with pytest.raises(KeyGone):
        keys.get("wave-1")


def test_a_destroyed_key_is_overwritten_before_it_is_unlinked(keys: FileKeys):
    made = keys.create("wave-1")
    path = keys.directory / "wave-1.key"

    with path.open("rb") as held:  # an open file shows what its blocks hold after the unlinking
        keys.destroy("wave-1")
        left = held.read()

    assert not path.exists()
    assert len(left) == KEY_SIZE
    assert left != made


def test_two_processes_that_both_need_a_key_get_the_same(tmp_path: Path):
    stores = [FileKeys(tmp_path / "keys") for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda store: store.get_or_create("lobby"), stores))

    assert len(set(made)) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["lobby.key"]


def test_what_a_crash_left_half_made_is_erased_at_the_next_start(keys: FileKeys):
    (keys.directory / ".wave-1.abcd.new").write_bytes(bytes(KEY_SIZE))

    reopened = FileKeys(keys.directory)

    assert reopened.names() == []
    assert os.listdir(keys.directory) == []


def test_a_damaged_key_is_not_used(keys: FileKeys):
    (keys.directory / "wave-1.key").write_bytes(b"short")

    with pytest.raises(ValueError, match="damaged"):
        keys.get("wave-1")


def test_names_are_listed_by_prefix(keys: FileKeys):
    for name in ("wave-2", "ring-1", "wave-1"):
        keys.create(name)

    assert keys.names("wave-") == ["wave-1", "wave-2"]


@pytest.mark.parametrize("name", ["", "../escape", "a/b", "A", ".hidden", "x" * 62, "nul\0"])
def test_a_name_cannot_lead_out_of_the_directory(keys: FileKeys, name: str):
    with pytest.raises(ValueError, match="cannot name a key"):
        keys.get(name)
