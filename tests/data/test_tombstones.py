from __future__ import annotations

import hashlib
import shutil
import stat

import pytest

from journeylib.data import tombstones
from journeylib.errors import StoreError


@pytest.fixture
def store(tmp_path):
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


def test_what_is_marked_is_known_again_and_nothing_else(store):
    assert not tombstones.read(store)
    tombstones.bury(store, {"person": {"00123", "Zoë"}, "device": {"d1"}})
    tombs = tombstones.read(store)
    assert tombs.holds(["00123", "123", "zoë", "Zoë", "d1"]) == {"00123", "Zoë"}
    assert tombs.holds(["00123", "d1"], "device") == {"d1"}


def test_marks_say_nothing_without_their_key(store):
    tombstones.bury(store, {"person": {"00123"}})
    said = (store / "tombstones.txt").read_text(encoding="ascii").splitlines()
    assert said == sorted(said)
    plain = {hashlib.sha256(text.encode()).hexdigest() for text in ["00123", "person\x0000123"]}
    assert not plain & set(said)


def test_the_key_is_made_once_for_its_owner_only_and_never_in_the_store(store):
    tombstones.bury(store, {"person": {"a"}})
    key = tombstones.key_path(store)
    assert key == store.parent / "store.private" / "erasure.key"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (key.parent, key)] == [0o700, 0o600]
    before = key.read_bytes()
    assert len(before) == 32
    tombstones.bury(store, {"person": {"b"}})
    assert key.read_bytes() == before
    assert tombstones.read(store).holds("ab") == {"a", "b"}


def test_two_stores_mark_one_person_differently(store, tmp_path):
    (tmp_path / "other").mkdir()
    marks = [tombstones.bury(each, {"person": {"a"}}).marks for each in (store, tmp_path / "other")]
    assert not marks[0] & marks[1]


def test_the_digest_changes_with_the_marks_only(store):
    one = tombstones.bury(store, {"person": {"a"}})
    assert tombstones.bury(store, {"person": {"a"}}).digest == tombstones.read(store).digest == one.digest
    assert tombstones.bury(store, {"person": {"b"}}).digest != one.digest
    assert one.named("abc") not in {"abc", tombstones.read(store).named("abc")}
    assert tombstones.Tombstones().named("abc") == "abc"


def test_marks_without_their_key_are_refused(store):
    tombstones.bury(store, {"person": {"a"}})
    tombstones.key_path(store).unlink()
    with pytest.raises(StoreError, match=r"erasure\.key is missing, the key of the marks in .*would bring them back"):
        tombstones.read(store)
    with pytest.raises(StoreError, match="is missing"):
        tombstones.bury(store, {"person": {"b"}})
    assert not tombstones.key_path(store).exists()


def test_marks_with_another_stores_key_are_refused(store, tmp_path):
    (tmp_path / "other").mkdir()
    for each in (store, tmp_path / "other"):
        tombstones.bury(each, {"person": {"a"}})
    shutil.copy(tombstones.key_path(tmp_path / "other"), tombstones.key_path(store))
    with pytest.raises(StoreError, match=r"is not the key of the marks in .*tombstones\.txt"):
        tombstones.read(store)


@pytest.mark.parametrize("said", ["", "not a mark\n", "ÿ\n"])
def test_damaged_marks_are_refused(store, said):
    (store / "tombstones.txt").write_text(said, encoding="latin-1")
    with pytest.raises(StoreError, match=r"tombstones\.txt is damaged"):
        tombstones.read(store)
