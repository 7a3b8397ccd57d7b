import threading

import pytest

from kamlab.errors import LockHeldError, UsageError
from kamlab.studies import publish as room
from kamlab.studies.lock import locked
from kamlab.studies.publish import clean_leftovers, private_folder, publish, write_whole


def _finished(out, text):
    with locked(out) as private:
        folder = private_folder(private, "value")
    for name in ("index.html", "manifest.json"):
        (folder / name).write_text(text * 50_000)
    return folder


def test_a_success_becomes_latest_and_a_failure_does_not(tmp_path):
    study = tmp_path / "value"

    publish(_finished(tmp_path, "a"), study, "one", success=True)
    publish(_finished(tmp_path, "b"), study, "two", success=False)

    assert (study / "latest").readlink().name == "one"
    assert (study / "failed" / "two" / "index.html").read_text()[0] == "b"
    publish(_finished(tmp_path, "c"), study, "two", success=True)
    assert (study / "latest" / "index.html").read_text()[0] == "c"
    assert not (study / "failed" / "two").exists()


@pytest.mark.parametrize("swaps", [True, False], ids=["exchange", "fallback"])
def test_a_repeated_run_takes_the_place_of_the_one_before(tmp_path, monkeypatch, swaps):
    if not swaps:
        monkeypatch.setattr(room, "_exchange", lambda *_: False)
    study = tmp_path / "value"

    for text in "abc":
        publish(_finished(tmp_path, text), study, "one", success=True)

    assert [path.name for path in sorted(study.iterdir())] == ["failed", "latest", "one"][1:]
    assert (study / "one" / "index.html").read_text()[0] == "c"
    assert not list((tmp_path / ".kamlab" / "work").iterdir())


def test_a_reader_always_sees_one_whole_page(tmp_path):
    study = tmp_path / "value"
    publish(_finished(tmp_path, "a"), study, "one", success=True)
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            seen.append((study / "latest" / "index.html").read_text())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(60):
            run = ("one", "two")[number % 3 == 0]
            publish(_finished(tmp_path, "abc"[number % 3]), study, run, success=True)
    finally:
        done.set()
        reader.join()

    assert len(seen) > 20
    assert {(text[0], len(set(text)), len(text)) for text in seen} <= {
        (letter, 1, 50_000) for letter in "abc"
    }


def test_published_files_are_not_writable_for_others(tmp_path):
    folder = _finished(tmp_path, "a")
    (folder / "index.html").chmod(0o666)

    place = publish(folder, tmp_path / "value", "one", success=True)

    modes = [path.stat().st_mode & 0o777 for path in (place, *place.iterdir())]
    assert all(mode & 0o022 == 0 for mode in modes)


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "index.html"
    write_whole(path, "old")
    write_whole(path, "new")

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_lock_is_held_by_one_and_ends_with_its_holder(tmp_path):
    with locked(tmp_path), pytest.raises(LockHeldError, match="process"), locked(tmp_path):
        pass

    with locked(tmp_path) as private:
        assert private.is_dir()


def test_a_folder_that_cannot_be_written_is_wrong_use(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="Cannot write"), locked(tmp_path / "file" / "out"):
        pass


def test_what_a_killed_run_left_is_removed(tmp_path):
    _finished(tmp_path, "a")
    (tmp_path / ".index.html.0badcafe").write_text("half")

    with locked(tmp_path) as private:
        assert clean_leftovers(private) == 2
    assert [path.name for path in tmp_path.iterdir()] == [".kamlab"]
