"""Bring one source, a URL or a local file, into the store, and say what was received.

Gzip is recognised by its first bytes, whether it is the server's encoding or a `.csv.gz`
file. The store holds the CSV itself; the receipt also names what was received.
"""

import logging
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Self

from travel_perks.errors import DataQualityError, SourceError
from travel_perks.fetching import content
from travel_perks.fetching.address import has_query, is_remote, redact
from travel_perks.fetching.attempt import AttemptError, Limits
from travel_perks.fetching.download import Answer, Progress, download
from travel_perks.fetching.store import Part, digest, is_intact, sweep

__all__ = ["Limits", "Receipt", "fetch", "redact"]

COPY_BYTES = 1 << 20
MAX_LAYERS = 2  # a .csv.gz that the server packs once more
_CHECKSUM = "check the file at its origin"
_log = logging.getLogger("travel_perks.fetching.fetch")


@dataclass(frozen=True)
class Receipt:
    """What was received from a source, and under which name the store holds its CSV.

    `sha256` and `bytes` are of the CSV in the store, `received_sha256` and `received_bytes`
    of the file as sent: they differ when it was a `.csv.gz`. An encoding that the server
    put on for the journey counts for neither. `source` is without secrets.
    """

    source: str
    sha256: str
    bytes: int
    received_sha256: str
    received_bytes: int
    etag: str | None
    last_modified: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Make a receipt of what `to_json` gave; TypeError for other names."""
        return cls(**fields)


@dataclass(frozen=True)
class _Order:
    """What `fetch` was asked for."""

    source: str
    table: str
    columns: Sequence[str]
    store: Path
    limits: Limits
    expected_sha256: str | None
    progress: Progress

    @property
    def subject(self) -> str:
        return f"The source of {self.table}, {redact(self.source)},"


def fetch(
    source: str,
    *,
    table: str,
    columns: Sequence[str],
    store: Path,
    previous: Receipt | None,
    limits: Limits,
    expected_sha256: str | None = None,
    progress: Progress | None = None,
) -> Receipt:
    """Bring `source` into `store`/<sha256> and return the receipt.

    `columns` must be in its header. When the store still holds what the receipt `previous`
    names, a source that did not change is not sent again. `expected_sha256` is of the file
    as sent or of the CSV in it. `progress` is called with the bytes received so far and the
    total, None when unknown.

    Raises ConfigurationError for another scheme than http and https, SourceError when the
    source cannot be had whole within `limits`, DataQualityError when it is no CSV with
    `columns`, and CannotWriteError.
    """
    expected = expected_sha256.lower() if expected_sha256 else None
    report = progress or (lambda received, total: None)
    order = _Order(source, table, columns, store, limits, expected, report)
    bring = _from_server if is_remote(source) else _from_path
    started = time.monotonic()
    sweep(store)
    receipt, attempts, changed = bring(order, _still_held(order, previous))
    details = {
        "table": table,
        "source": receipt.source,
        "bytes": receipt.bytes,
        "sha256": receipt.sha256,
        "attempts": attempts,
        "duration_seconds": round(time.monotonic() - started, 3),
    }
    _log.info("source fetched" if changed else "source unchanged", extra=details)
    return receipt


def _still_held(order: _Order, previous: Receipt | None) -> Receipt | None:
    """Return `previous` if it is of this source and content, and the store holds it intact."""
    if previous is None or previous.source != redact(order.source):
        return None
    digests = (previous.sha256, previous.received_sha256)
    if order.expected_sha256 and order.expected_sha256 not in digests:
        return None
    return previous if is_intact(order.store, previous.sha256) else None


def _from_server(order: _Order, held: Receipt | None) -> tuple[Receipt, int, bool]:
    with Part(order.store) as part:
        receipt, attempts = download(
            order.source,
            part,
            lambda answer: _accept(order, part, answer),
            table=order.table,
            limits=order.limits,
            conditions=_conditions(order.source, held),
            progress=order.progress,
        )
    if receipt is None:
        assert held is not None
        return held, attempts, False
    return receipt, attempts, True


def _conditions(url: str, held: Receipt | None) -> dict[str, str]:
    # A receipt does not hold the query, so nothing tells whether it was of the same one.
    if held is None or has_query(url):
        return {}
    headers = {"If-None-Match": held.etag, "If-Modified-Since": held.last_modified}
    return {name: value for name, value in headers.items() if value}


def _from_path(order: _Order, held: Receipt | None) -> tuple[Receipt, int, bool]:
    with _reading(order), _opened(order) as file:
        if held and digest(file) == held.received_sha256:
            return held, 1, False
        with Part(order.store) as part:
            _copy(order, file, part)
            return _accept_copy(order, part), 1, True


@contextmanager
def _reading(order: _Order) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{order.subject} cannot be read ({error.strerror}); check the path and its "
            "permissions."
        ) from error


def _opened(order: _Order) -> FileIO:
    path = Path(order.source)
    # Looked at first, as opening a pipe would wait for its writer.
    if not stat.S_ISREG(path.stat().st_mode):
        kind = "a folder" if path.is_dir() else "no regular file"
        raise SourceError(f"{order.subject} is {kind}; name a CSV file.")
    return FileIO(path)


def _copy(order: _Order, file: FileIO, part: Part) -> None:
    before = os.fstat(file.fileno())
    if before.st_size > order.limits.max_bytes:
        raise SourceError(
            f"{order.subject} is {before.st_size:,} bytes long, over max_bytes "
            f"({order.limits.max_bytes:,}); raise it if the source is right."
        )
    file.seek(0)
    while part.size <= before.st_size and (piece := file.read(COPY_BYTES)):
        part.write(piece)
        order.progress(part.size, before.st_size)
    after = os.fstat(file.fileno())
    if (part.size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise SourceError(
            f"{order.subject} changed while it was read; start again once it is written whole."
        )


def _accept_copy(order: _Order, part: Part) -> Receipt:
    try:
        return _accept(order, part, Answer())
    except AttemptError as fault:
        raise SourceError(
            f"{order.subject} is not usable: {fault.reason}; {fault.advice}."
        ) from None


def _accept(order: _Order, part: Part, answer: Answer) -> Receipt:
    """Unpack and check what has arrived, and keep it in the store.

    Raises AttemptError for what another attempt may mend, DataQualityError for another content.
    """
    with ExitStack() as stack:
        layers = [part]
        while content.is_gzip(layers[-1].file) and len(layers) <= MAX_LAYERS:
            layers.append(_unpack(layers[-1], stack.enter_context(Part(order.store)), order.limits))
        # The checksum at the end of gzip data tells that it is whole.
        _check_content(order, layers[-1].file, measured=answer.measured or len(layers) > 1)
        digests = [digest(layer.file) for layer in layers]
        if order.expected_sha256 and order.expected_sha256 not in digests:
            raise AttemptError(
                f"its SHA-256 is {digests[0]}, not the expected one",
                f"{_CHECKSUM}, or correct the expected SHA-256",
            )
        sent = 1 if answer.encoded and len(layers) > 1 else 0
        layers[-1].keep(digests[-1])
        return Receipt(
            redact(order.source),
            digests[-1],
            layers[-1].size,
            digests[sent],
            layers[sent].size,
            answer.etag,
            answer.last_modified,
        )


def _unpack(packed: Part, target: Part, limits: Limits) -> Part:
    damaged = False
    try:
        for piece in content.unpacked(packed.file):
            if target.size + len(piece) > limits.max_bytes:
                raise limits.too_large("it unpacks to more than")
            target.write(piece)
    except content.DAMAGED_GZIP:
        damaged = True
    if damaged:
        raise AttemptError("its gzip data is cut or damaged", _CHECKSUM)
    return target


def _check_content(order: _Order, file: FileIO, *, measured: bool) -> None:
    found = content.foreign_kind(file)
    header = [] if found else content.header_of(file)
    if not found and not measured:
        _check_end(order, file, len(header))
    expected = [name.strip().lower() for name in order.columns]
    missing = [name for name in expected if name not in header]
    if missing:
        found = found or content.describe_header(header, expected)
        lacking = f" (missing: {', '.join(missing)})" if len(missing) < len(expected) else ""
        raise DataQualityError(
            f"{order.subject} holds {found}, not a CSV with the columns {', '.join(expected)}"
            f"{lacking}; open it to see what it is, and name the right one."
        )


def _check_end(order: _Order, file: FileIO, fields: int) -> None:
    if not content.ends_whole(file, fields):
        raise AttemptError("the body came without a length and does not end in a whole record")
    _log.warning(
        "source came without a length, so a cut between two rows would not be noticed",
        extra={"table": order.table, "source": redact(order.source)},
    )
