"""Foreign formats: files that hold no rows this project reads, called by their names.

Put here: first bytes of formats that people drop by mistake, and what to do instead.
Keep out: formats that are read (readers/) and wrappers that are taken off (archives.py).
"""

from __future__ import annotations

from typing import NoReturn

from quant_core.errors import RefusedInputError

_AS_CSV = "save the sheet as CSV and deliver that"
_AS_PARQUET = "write it as Parquet or CSV"
_UNPACK = "pack the files as .zip or .gz, or deliver them unpacked"
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls)", _AS_CSV),
    (b"FEA1", "a Feather version 1 file", "write it as Feather version 2 (pandas: to_feather), Parquet or CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _AS_PARQUET),
    (b"SQLite format 3\0", "an SQLite database", _AS_PARQUET),
    (b"\x93NUMPY", "a NumPy array", _AS_PARQUET),
    (b"ORC", "an ORC file", _AS_PARQUET),
    (b"Obj\x01", "an Avro file", _AS_PARQUET),
    (b"\x91\x01\x00\x00", "a MetaTrader history file (.hst)", "export the bars as CSV"),
    (b"%PDF-", "a PDF document", "deliver the data as CSV"),
    (b"\x89PNG", "a picture", "leave this file out of the inbox"),
    (b"\xff\xd8\xff", "a picture", "leave this file out of the inbox"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
)
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_PAGES = (b"<!doctype html", b"<html", b"<?xml", b"<svg")
_WORKBOOKS = {
    "xl/": "an Excel workbook (.xlsx)",
    "word/": "a Word document (.docx)",
    "content.xml": "a spreadsheet or text of OpenDocument (.ods)",
    "Index/Document.iwa": "a spreadsheet of Numbers (.numbers)",
}


def refuse_foreign(head: bytes, origin: str) -> None:
    """Refuse bytes that can only be one of these formats.

    Raises:
        RefusedInputError: with the format's name.

    >>> refuse_foreign(bytes([*b"FEA1", 0]), "a.feather")
    Traceback (most recent call last):
    quant_core.errors.RefusedInputError: Refused a.feather: it is a Feather version 1 file. Fix: write it as Feather version 2 (pandas: to_feather), Parquet or CSV
    """  # noqa: E501
    for magic, name, fix in _KINDS:
        # Names of columns may begin with the letters of ORC and BZh; a text goes on with letters and marks.
        if head.startswith(magic) and not (magic.isalnum() and head[:64].isascii() and b"\0" not in head):
            _refuse(origin, name, fix)
    if head.startswith(_PICKLES):
        _refuse(origin, "a Python pickle, which is never opened because it can run code", _AS_PARQUET)
    if _is_page(head):
        _refuse(origin, "a web page or XML, mostly the answer of a failed download", "download the data again as CSV")


def refuse_workbook(member_names: list[str], origin: str) -> None:
    """Refuse an archive that is a workbook or another document.

    Raises:
        RefusedInputError: with the document's name.
    """
    for start, name in _WORKBOOKS.items():
        if any(member.startswith(start) for member in member_names) and not all(
            member.startswith(start) for member in member_names
        ):
            _refuse(origin, name, _AS_CSV)
    if "[Content_Types].xml" in member_names:
        _refuse(origin, "an Office document such as an Excel workbook", _AS_CSV)


def is_picture_or_page(head: bytes) -> bool:
    """True for files that lie beside data for people to look at.

    >>> is_picture_or_page(b"%PDF-1.7"), is_picture_or_page(b"<html>"), is_picture_or_page(b"date,open")
    (True, True, False)
    """
    return _is_page(head) or head.startswith((b"%PDF-", b"\x89PNG", b"\xff\xd8\xff"))


def _is_page(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower().startswith(_PAGES)


def _refuse(origin: str, name: str, fix: str) -> NoReturn:
    raise RefusedInputError.at(origin, reason=f"it is {name}", fix=fix)
