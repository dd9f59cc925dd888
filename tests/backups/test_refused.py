"""What is not restored, and leaves the database as it was."""

import zipfile
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from app.backups import DUMP, MANIFEST, Manifest, restore, unpacked
from app.errors import SetupError
from tests.backups.original import Original, content, tables


def test_a_database_that_is_not_empty_stays_as_it_is(original: Original, scratch_url: str) -> None:
    before = content(scratch_url)
    with pytest.raises(SetupError, match="not empty"):
        restore(scratch_url, original.file, None)
    assert content(scratch_url) == before


def member(original: Original, name: str) -> bytes:
    with zipfile.ZipFile(original.file) as archive:
        return archive.read(name)


def manifest_of(original: Original) -> Manifest:
    return msgspec.json.decode(member(original, MANIFEST), type=Manifest)


def changed(original: Original, to: Path, members: dict[str, bytes]) -> Path:
    """The backup with other members."""
    with zipfile.ZipFile(to, "w") as archive:
        for name in (MANIFEST, DUMP):
            archive.writestr(name, members.get(name) or member(original, name))
    return to


def check_refused(file: Path, url: str, words: str) -> None:
    """The file is refused in these words and the database is as empty as before."""
    with pytest.raises(SetupError, match=words):
        restore(url, file, None)
    assert tables(url) == set()


def test_a_backup_of_a_newer_release_is_refused(original: Original, empty_url: str, tmp_path: Path) -> None:
    newer = msgspec.structs.replace(manifest_of(original), revision="9999_from_the_future")
    file = changed(original, tmp_path / "newer", {MANIFEST: msgspec.json.encode(newer)})
    check_refused(file, empty_url, "9999_from_the_future, which a newer release made")


def test_a_row_that_does_not_come_back_undoes_everything(
    original: Original, empty_url: str, tmp_path: Path
) -> None:
    recorded = manifest_of(original)
    more = msgspec.structs.replace(recorded, rows=recorded.rows | {"debriefs": recorded.rows["debriefs"] + 1})
    file = changed(original, tmp_path / "more", {MANIFEST: msgspec.json.encode(more)})
    check_refused(file, empty_url, f"debriefs must have {more.rows['debriefs']} rows")


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_a_dump_cut_short_undoes_everything(
    original: Original, empty_url: str, tmp_path: Path, share: float
) -> None:
    dump = member(original, DUMP)
    file = changed(original, tmp_path / "short", {DUMP: dump[: int(share * len(dump))]})
    check_refused(file, empty_url, "pg_restore: error")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_file_cut_short_is_refused(
    original: Original, empty_url: str, tmp_path: Path, share: float
) -> None:
    whole = original.file.read_bytes()
    file = tmp_path / "short"
    file.write_bytes(whole[: int(share * len(whole))])
    check_refused(file, empty_url, "is damaged, or no backup of Touchbase")


def test_a_changed_byte_is_noticed_or_changes_nothing(original: Original, tmp_path: Path) -> None:
    whole = original.file.read_bytes()
    headers = [*range(200), *range(len(whole) - 300, len(whole))]
    file = tmp_path / "changed"
    for place in [*headers, *range(200, len(whole), 5000)]:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        with suppress(SetupError):
            manifest, dump = unpacked(file, str(tmp_path))
            assert manifest == manifest_of(original)
            assert Path(dump).read_bytes() == member(original, DUMP)
