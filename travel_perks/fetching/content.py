"""What a source holds, judged by its first and last bytes, whatever its name or headers say."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from io import FileIO
from typing import cast

HEAD_BYTES = 1 << 16
TAIL_BYTES = 1 << 20
GZIP = b"\x1f\x8b"
DAMAGED_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)

_MAGIC = {
    GZIP: "gzip data",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"\x89PNG": "an image",
    codecs.BOM_UTF16_LE: "UTF-16 text (UTF-8 is expected)",
    codecs.BOM_UTF16_BE: "UTF-16 text (UTF-8 is expected)",
}
# A column's name as exports spell it. A row of data has numbers, prose has spaces: neither
# may be shown, as the one is personal and the other may repeat a secret of the URL.
_NAME = re.compile(r"[^\W\d]\w{0,39}")


def is_gzip(file: FileIO) -> bool:
    """Tell whether the file begins as gzip data does."""
    return _beginning(file, len(GZIP)) == GZIP


def unpacked(file: FileIO) -> Iterator[bytes]:
    """Yield the content of gzip data in pieces of a bounded size.

    Raises one of DAMAGED_GZIP when it ends early or its checksum is wrong.
    """
    file.seek(0)
    with gzip.GzipFile(fileobj=file, mode="rb") as packed:
        while piece := packed.read(1 << 18):
            yield piece


def foreign_kind(file: FileIO) -> str:
    """Name what a file that is plainly no CSV holds: `an HTML page`; empty for any other."""
    head = _beginning(file, HEAD_BYTES)
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    text = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if not text:
        return "nothing"
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if text.startswith(b"<"):
        return "HTML or XML"
    if text.startswith((b"{", b"[")):
        return "JSON"
    return "binary data" if b"\0" in text.partition(b"\n")[0] else ""


def header_of(file: FileIO) -> list[str]:
    """Return the names of the first record in lower case; empty when there is none."""
    head = _beginning(file, HEAD_BYTES).decode("utf-8-sig", errors="replace")
    try:
        fields: list[str] = next(filter(None, csv.reader(io.StringIO(head, newline=""))), [])
    except csv.Error:
        return []
    return [field.strip().lower() for field in fields]


def describe_header(header: Sequence[str], columns: Sequence[str]) -> str:
    """Say what a header without the expected `columns` is, showing names of columns alone."""
    names = list(header)
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        split = [part.strip().strip('"') for part in mark.join(header).split(mark)]
        if set(columns) & set(split) > set(columns) & set(names):
            return f"a header separated by {name} (commas are expected)"
    if len(names) > 1 and all(_NAME.fullmatch(name) for name in names):
        shown = ", ".join(names[:40])
        return f"the columns {shown}"
    return "text without a header of column names"


def ends_whole(file: FileIO, fields: int) -> bool:
    """Tell whether the last record is complete: `fields` of them, and a line end after it.

    Without the line end, the last field may have been cut.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read(TAIL_BYTES)
    if not tail.endswith((b"\n", b"\r")):
        return False
    quotes, record = 0, list[bytes]()
    for line in reversed(tail.rstrip(b"\r\n").split(b"\n")):
        record.append(line)
        quotes += line.count(b'"')
        # Outside quotes at its end, a record has an even number of them.
        if quotes % 2 == 0:
            return _field_count(b"\n".join(reversed(record))) == fields
    return False


def _field_count(record: bytes) -> int:
    text = io.StringIO(record.decode("utf-8", errors="replace"), newline="")
    try:
        return len(next(csv.reader(text), []))
    except csv.Error:
        return -1


def _beginning(file: FileIO, size: int) -> bytes:
    file.seek(0)
    return cast(bytes, file.read(size))
