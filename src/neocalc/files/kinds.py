"""What a file is that is no CSV: by its first bytes, else by its suffix."""

from __future__ import annotations

import re
from typing import Final

HEAD: Final = 512
"""Bytes from the start of a file that say what it is."""

_TABLE: Final = "save the table as CSV (UTF-8) or Parquet from the program that wrote it"
_SHEET: Final = "save its sheet as .xlsx or CSV (UTF-8) from the spreadsheet"
_PACKED: Final = "unpack it first"
_KINDS: Final = {
    "an Excel workbook (.xlsx)": _SHEET,
    "an Excel workbook (.xls)": _SHEET,
    "an OpenDocument spreadsheet (.ods)": _SHEET,
    "a Numbers spreadsheet": _SHEET,
    "a zip file": _PACKED,
    "a tar archive": _PACKED,
    "a gzip file": _PACKED,
    "a bzip2 file": _PACKED,
    "an xz file": _PACKED,
    "a Zstandard file": _PACKED,
    "a 7-Zip file": _PACKED,
    "a RAR file": _PACKED,
    "a Stata file (.dta)": _TABLE,
    "an SPSS file (.sav)": _TABLE,
    "an SPSS portable file (.por)": _TABLE,
    "a SAS transport file (.xpt)": _TABLE,
    "a SAS data set (.sas7bdat)": _TABLE,
    "an R data file (.rds, .RData)": _TABLE,
    "an Arrow or Feather file": "save the table as Parquet",
    "an ORC file": "save the table as Parquet",
    "an Avro file": "save the table as Parquet",
    "an SQLite database": "save the table as CSV (UTF-8) or Parquet",
    "a JSON file": "save the table as CSV (UTF-8) or Parquet",
    "an XML file": "save the table as CSV (UTF-8) or Parquet",
    "an HTML page": "save the table as CSV (UTF-8), not the page; some programs call a page .xls",
    "a PDF": "a table cannot be read from it; save the data as CSV (UTF-8)",
    "a picture": "save the data as CSV (UTF-8)",
    "a text in UTF-16": "save it as UTF-8 (in Excel: CSV UTF-8)",
    "a text in UTF-32": "save it as UTF-8",
}
"""Each kind of file, and what to do with it."""
_MAGIC: Final = (
    (rb"\x1f\x8b", "a gzip file"),
    (rb"BZh[1-9]", "a bzip2 file"),
    (rb".{257}ustar", "a tar archive"),
    (rb"\xfd7zXZ\x00", "an xz file"),
    (rb"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip file"),
    (rb"Rar!\x1a\x07", "a RAR file"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls)"),
    (rb"\x09[\x00\x02\x04\x08][\x04\x06\x08]\x00", "an Excel workbook (.xls)"),
    (
        rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.spreadsheet",
        "an OpenDocument spreadsheet (.ods)",
    ),
    (rb"PK\x03\x04.*Index/", "a Numbers spreadsheet"),
    (
        rb"PK\x03\x04.*(?:\[Content_Types\]\.xml|xl/|_rels/\.rels|docProps/)",
        "an Excel workbook (.xlsx)",
    ),
    (rb"PK(?:\x03\x04|\x05\x06)", "a zip file"),
    (rb"<stata_dta>", "a Stata file (.dta)"),
    (rb"[\x69-\x73][\x01\x02]\x01[\x00\x01]", "a Stata file (.dta)"),
    (rb"\$FL[23]@", "an SPSS file (.sav)"),
    (rb".{40}SPSS PORT FILE", "an SPSS portable file (.por)"),
    (rb"HEADER RECORD\*{7}LIB", "a SAS transport file (.xpt)"),
    (rb"\x00{12}\xc2\xea\x81\x60", "a SAS data set (.sas7bdat)"),
    (rb"(?:RD[XAB][23]\n|X\n\x00\x00\x00)", "an R data file (.rds, .RData)"),
    (rb"(?:ARROW1|FEA1|\xff\xff\xff\xff)", "an Arrow or Feather file"),
    (rb"ORC", "an ORC file"),
    (rb"Obj\x01", "an Avro file"),
    (rb"SQLite format 3\x00", "an SQLite database"),
    (rb"%PDF-", "a PDF"),
    (rb"(?:\x89PNG|\xff\xd8\xff|GIF8|II\*\x00|MM\x00\*)", "a picture"),
    (rb"(?:\xff\xfe\x00\x00|\x00\x00\xfe\xff)", "a text in UTF-32"),
    (rb"(?:\xff\xfe|\xfe\xff)", "a text in UTF-16"),
    (rb"(?:[^\x00]\x00){4}", "a text in UTF-16"),
    (rb"(?:\x00[^\x00]){4}", "a text in UTF-16"),
    (rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html|<table|<head|<meta)", "an HTML page"),
    (rb"(?:\xef\xbb\xbf)?\s*<\?xml", "an XML file"),
    (rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[{\[])', "a JSON file"),
)
_FIRST: Final = tuple((re.compile(magic, re.DOTALL | re.I), what) for magic, what in _MAGIC)
_SUFFIXES: Final = {
    ".xlsx": "an Excel workbook (.xlsx)", ".xlsm": "an Excel workbook (.xlsx)",
    ".xlsb": "an Excel workbook (.xlsx)", ".xls": "an Excel workbook (.xls)",
    ".ods": "an OpenDocument spreadsheet (.ods)", ".numbers": "a Numbers spreadsheet",
    ".zip": "a zip file", ".tar": "a tar archive",
    ".gz": "a gzip file", ".bz2": "a bzip2 file", ".xz": "an xz file",
    ".zst": "a Zstandard file", ".7z": "a 7-Zip file", ".rar": "a RAR file",
    ".dta": "a Stata file (.dta)", ".sav": "an SPSS file (.sav)", ".zsav": "an SPSS file (.sav)",
    ".por": "an SPSS portable file (.por)", ".xpt": "a SAS transport file (.xpt)",
    ".sas7bdat": "a SAS data set (.sas7bdat)", ".rds": "an R data file (.rds, .RData)",
    ".rdata": "an R data file (.rds, .RData)", ".rda": "an R data file (.rds, .RData)",
    ".feather": "an Arrow or Feather file", ".arrow": "an Arrow or Feather file",
    ".orc": "an ORC file", ".avro": "an Avro file", ".sqlite": "an SQLite database",
    ".db": "an SQLite database", ".pdf": "a PDF",
}  # fmt: skip


WORKBOOK: Final = "an Excel workbook (.xlsx)"
GZIP: Final = "a gzip file"
_WORKBOOKS: Final = (".xlsx", ".xlsm", ".xlsb")


def kind_of(start: bytes, suffix: str) -> str | None:
    r"""What a file is, one of those of which it is known what to do; None: it may be a CSV.

    Examples
    --------
    >>> kind_of(b"\x1f\x8b\x08", ".csv"), kind_of(b"PK\x03\x04", ".xlsx"), kind_of(b"sex", ".xls")
    ('a gzip file', 'an Excel workbook (.xlsx)', None)
    """
    what = next((what for pattern, what in _FIRST if pattern.match(start)), None)
    if what is None and not _is_text(start):
        what = _SUFFIXES.get(suffix.lower())
    if what == "a zip file" and suffix.lower() in _WORKBOOKS:
        return WORKBOOK
    return what


def other_kind(start: bytes, suffix: str) -> str | None:
    """What a file is that is no CSV, and what to do to have one; None: it may be one.

    Parameters
    ----------
    start : bytes
        Its first bytes, up to `HEAD`.
    suffix : str
        The suffix of its name: asked only where the first bytes are no text, as tables in text are
        often called .xls.

    Examples
    --------
    >>> other_kind(b"%PDF-1.7", ".csv")
    'is a PDF; a table cannot be read from it; save the data as CSV (UTF-8)'
    >>> other_kind(b"sex,age_days", ".xls") is None
    True
    """
    what = kind_of(start, suffix)
    return None if what is None else f"is {what}; {_KINDS[what]}"


def _is_text(start: bytes) -> bool:
    """Whether the bytes may be the start of a text in UTF-8."""
    if b"\x00" in start:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(start) - 3  # a letter that is cut off at the end
    return True
