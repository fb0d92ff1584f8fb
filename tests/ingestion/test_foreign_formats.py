"""Files of other formats are called by their names, with what to do instead."""

from __future__ import annotations

import io
import pickle
import zipfile

import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, read_file


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "<?xml version='1.0'?>")
    return out.getvalue()


FILES = {
    "Excel workbook": archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"),
    "spreadsheet": archive("mimetype", "content.xml", "META-INF/manifest.xml"),
    r"workbook \(.xls\)": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
    "Feather version 1": b"FEA1" + bytes(100),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "pickle": pickle.dumps([1, 2]),
    "SQLite": b"SQLite format 3\0" + bytes(100),
    "web page": b"\n<!DOCTYPE html><html><body>404</body></html>",
    "PDF": b"%PDF-1.7\n",
    "7-Zip": b"7z\xbc\xaf\x27\x1c" + bytes(20),
    "ORC": b"ORC" + bytes(100),
}


@pytest.mark.parametrize("kind", FILES)
def test_formats_are_called_by_their_names(kind: str) -> None:
    with pytest.raises(RefusedInputError, match=kind) as error:
        read_file(FILES[kind], "X.csv", Dialect())
    assert "Fix: " in str(error.value)


def test_a_text_that_begins_with_the_letters_of_a_format_is_a_text() -> None:
    for name in ("ORC", "BZh", "FEA1"):
        text = f"{name},date,open,high,low,close\n1,2024-01-02,1,2,1,2\n2,2024-01-03,1,2,1,2\n"
        assert read_file(text.encode(), "X.csv", Dialect()).rows.height == 2
