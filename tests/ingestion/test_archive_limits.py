"""Archives at their limits: the last depth, member and byte that are read, and which entries are members at all."""

from __future__ import annotations

import gzip
import io
import zipfile
from types import TracebackType

import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect
from quant_core.ingestion.archives import Member, unwrap

MIB = 1 << 20


def packed(*names: str, data: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("EURUSD.csv", "EURUSD.csv"),
        ("EURUSD.csv.GZ", "EURUSD.csv"),
        ("all.zip!EURUSD.csv", "EURUSD.csv"),
        ("in/all.zip!EURUSD.csv.gz", "EURUSD.csv"),
        ("all.zip!2024/01/EURUSD.csv", "EURUSD.csv"),
        ("all.zip!2024\\EURUSD.csv", "EURUSD.csv"),
        ("all.zip!inner.zip!EURUSD.csv", "EURUSD.csv"),
    ],
)
def test_a_member_is_called_by_the_last_part_of_its_origin(origin: str, name: str) -> None:
    assert Member(origin, b"").name == name


def test_three_wrappers_are_taken_off_and_four_are_not() -> None:
    data = b"x"
    for _ in range(3):
        data = gzip.compress(data)
    assert [m.data for m in unwrap(data, "a.gz", Dialect())] == [b"x"]
    with pytest.raises(RefusedInputError, match="nested deeper than 3"):
        unwrap(gzip.compress(data), "a.gz", Dialect())


def test_hidden_entries_are_no_members_wherever_they_lie() -> None:
    names = ("b.csv", ".c.csv", "in/", "in/a.csv", "in/.d.csv", "__MACOSX/a.csv")
    for pattern in (None, "*.csv"):
        found = unwrap(packed(*names), "a.zip", Dialect(members=pattern))
        assert [m.origin for m in found] == ["a.zip!b.csv", "a.zip!in/a.csv"]
    assert [m.origin for m in unwrap(packed(*names), "a.zip", Dialect(members="a.*"))] == ["a.zip!in/a.csv"]


def test_two_members_of_one_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = packed("a.csv", "a.csv")
    with pytest.raises(RefusedInputError, match=r"two members are called 'a\.csv'"):
        unwrap(data, "a.zip", Dialect())


def test_an_archive_has_at_most_ten_thousand_entries() -> None:
    names = [f"{i}.txt" for i in range(10_000)]
    assert len(unwrap(packed(*names), "a.zip", Dialect(members="7.txt"))) == 1
    with pytest.raises(RefusedInputError, match="more than 10000 members"):
        unwrap(packed(*names, "one more.txt"), "a.zip", Dialect(members="7.txt"))


def test_the_last_byte_within_the_limit_is_read_and_none_after_it() -> None:
    limit = Dialect(max_unpacked_mb=1)
    assert len(unwrap(gzip.compress(bytes(MIB)), "a.gz", limit)[0].data) == MIB
    with pytest.raises(RefusedInputError, match=r"more than 1 MiB.* max_unpacked_mb: 2 "):
        unwrap(gzip.compress(bytes(MIB + 1)), "a.gz", limit)


class Endless:
    """A gzip stream without an end that gives one piece again and again."""

    def __init__(self, fileobj: io.BytesIO) -> None:
        self.piece, self.n_read = bytes(MIB), 0

    def __enter__(self) -> Endless:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Nothing to close."""

    def read(self, size: int) -> bytes:
        self.n_read += 1
        return self.piece


@pytest.mark.parametrize(("n_packed", "limit_mb"), [(2, 64), (2 * MIB, 128), (40 * MIB, 2048)])
def test_64_times_the_file_is_unpacked_unless_another_limit_is_declared(
    n_packed: int, limit_mb: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams: list[Endless] = []
    monkeypatch.setattr(gzip, "GzipFile", lambda fileobj: streams.append(Endless(fileobj)) or streams[-1])
    with pytest.raises(RefusedInputError, match=f"more than {limit_mb} MiB"):
        unwrap(b"\x1f\x8b".ljust(n_packed, b"\0"), "a.gz", Dialect())
    assert [s.n_read for s in streams] == [limit_mb + 1]
