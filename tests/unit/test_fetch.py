"""Fetching one source, against a server that misbehaves and files that are not what they seem."""

import gzip
import hashlib
import io
import json
import logging
import os
import resource
import shutil
import ssl
import subprocess
import threading
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fault_server import (
    Behaviour,
    Exchange,
    FaultServer,
    chunked,
    cut_short,
    drip,
    drip_body,
    endless,
    gzip_encoded,
    redirect,
    reset_at,
    serve,
    serve_part,
    serve_ranges,
    silent_after,
    status,
    then,
    without_length,
)
from travel_perks.errors import (
    CannotWriteError,
    ConfigurationError,
    DataQualityError,
    SourceError,
    TravelPerksError,
)
from travel_perks.fetching import download, session
from travel_perks.fetching.attempt import AttemptError, guarded
from travel_perks.fetching.fetch import Limits, Receipt, fetch, redact
from travel_perks.fetching.store import PART_PREFIX, STALE_SECONDS

COLUMNS = ["user_id", "trip_id", "note"]
HEADER = b"user_id,trip_id,note\n"
BODY = HEADER + b"".join(b'%d,t-%d,"a, b"\n' % (i, i) for i in range(400))
LIMITS = Limits(
    retries=2, connect_timeout=5.0, read_timeout=5.0, total_timeout=20.0, max_bytes=100_000
)
PATH = "/t.csv"


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "BACKOFF_SECONDS", 0.001)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def get(source: str, store: Path, previous: Receipt | None = None, **changes: Any) -> Receipt:
    limits = replace(LIMITS, **{k: v for k, v in changes.items() if hasattr(LIMITS, k)})
    others = {k: v for k, v in changes.items() if not hasattr(LIMITS, k)}
    return fetch(
        source,
        table="sessions",
        columns=COLUMNS,
        store=store,
        previous=previous,
        limits=limits,
        **others,
    )


def refusal(kind: type[TravelPerksError], source: str, store: Path, **changes: Any) -> str:
    """Return the sentence of the failure, having checked its form and that nothing is left."""
    with pytest.raises(kind) as caught:
        get(source, store, **changes)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    assert not list(store.glob("*")) and not list(store.glob(".*"))
    return sentence


def content_of(receipt: Receipt, store: Path) -> bytes:
    assert [path.name for path in store.iterdir()] == [receipt.sha256]
    content = (store / receipt.sha256).read_bytes()
    assert (sha(content), len(content)) == (receipt.sha256, receipt.bytes)
    return content


# What arrives


@pytest.mark.parametrize(
    "behaviour",
    [
        serve(BODY),
        chunked(BODY),
        gzip_encoded(BODY),
        chunked(gzip.compress(BODY), Content_Encoding="gzip"),
        without_length(gzip.compress(BODY), Content_Encoding="gzip"),
        serve(BODY, Content_Encoding="identity", Content_Type="text/html"),
    ],
)
def test_a_whole_body_is_stored_under_its_hash(
    server: FaultServer, store: Path, behaviour: Behaviour
) -> None:
    receipt = get(server.on(PATH, behaviour), store)
    assert content_of(receipt, store) == BODY
    assert (receipt.received_sha256, receipt.received_bytes) == (sha(BODY), len(BODY))
    assert receipt.source == server.url(PATH)
    assert server.seen[0].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "pack", [serve, gzip_encoded, lambda body: serve(body, Content_Encoding="identity")]
)
def test_a_csv_gz_is_stored_unpacked_and_its_own_hash_recorded(
    server: FaultServer, store: Path, pack: Callable[[bytes], Behaviour]
) -> None:
    packed = gzip.compress(BODY)
    receipt = get(server.on("/t.csv.gz", pack(packed)), store)
    assert content_of(receipt, store) == BODY
    assert (receipt.received_sha256, receipt.received_bytes) == (sha(packed), len(packed))


def test_a_csv_gz_labelled_as_encoded_is_the_csv(server: FaultServer, store: Path) -> None:
    receipt = get(server.on("/t.csv.gz", gzip_encoded(BODY)), store)
    assert receipt.received_sha256 == receipt.sha256 == sha(BODY)


def test_header_may_have_a_mark_spaces_capitals_and_further_columns(
    server: FaultServer, store: Path
) -> None:
    body = b'\xef\xbb\xbf Note ,"extra, too",USER_ID,Trip_Id\r\nx,,1,2\r\n'
    assert content_of(get(server.on(PATH, serve(body)), store), store) == body


def test_the_stored_file_and_folder_are_not_for_everyone(server: FaultServer, store: Path) -> None:
    old = os.umask(0o022)
    try:
        receipt = get(server.on(PATH, serve(BODY)), store)
    finally:
        os.umask(old)
    assert (store / receipt.sha256).stat().st_mode & 0o777 == 0o440
    assert store.stat().st_mode & 0o777 == 0o750


def test_receipt_survives_json(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, serve(BODY, ETag='"1"', Last_Modified="Wed, 04 Jan 2023 00:00:00 GMT"))
    receipt = get(url, store)
    assert (receipt.etag, receipt.last_modified) == ('"1"', "Wed, 04 Jan 2023 00:00:00 GMT")
    assert Receipt.from_json(json.loads(json.dumps(receipt.to_json()))) == receipt


def test_progress_tells_bytes_and_total(server: FaultServer, store: Path) -> None:
    told: list[tuple[int, int | None]] = []
    get(server.on(PATH, serve(BODY)), store, progress=lambda *now: told.append(now))
    assert told[-1] == (len(BODY), len(BODY))
    get(server.on(PATH, chunked(BODY)), store, progress=lambda *now: told.append(now))
    assert told[-1] == (len(BODY), None)


def test_log_tells_size_attempts_and_duration(
    server: FaultServer, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    get(server.on(PATH, then(status(503), serve(BODY))), store)
    failed, fetched = [
        r.__dict__ for r in caplog.records if r.name == "travel_perks.fetching.fetch"
    ]
    assert (failed["levelname"], failed["attempt"], failed["reason"]) == (
        "WARNING",
        1,
        "status 503",
    )
    assert (fetched["message"], fetched["table"]) == ("source fetched", "sessions")
    assert (fetched["bytes"], fetched["attempts"]) == (len(BODY), 2)
    assert fetched["duration_seconds"] >= 0


# What is tried again


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_passing_status_is_tried_again(server: FaultServer, store: Path, code: int) -> None:
    assert content_of(get(server.on(PATH, then(status(code), serve(BODY))), store), store) == BODY


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 204, 202, 304])
def test_another_status_fails_at_once(server: FaultServer, store: Path, code: int) -> None:
    sentence = refusal(SourceError, server.on(PATH, status(code)), store)
    assert f"status {code}" in sentence and server.url(PATH) in sentence
    assert len(server.seen) == 1


def test_every_attempt_is_told(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, then(status(503), status(503), cut_short(BODY, 1000)))
    sentence = refusal(SourceError, url, store)
    assert "attempts 1 to 2: status 503" in sentence
    assert f"attempt 3: the body ended early after 1,000 of {len(BODY):,} bytes" in sentence
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "broken",
    [
        cut_short(BODY, 1000),
        cut_short(BODY, 0),
        reset_at(BODY, 1000),
        chunked(BODY, whole=False),
        lambda x: x.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        lambda x: x.send(b"no http at all\r\n\r\n"),
        lambda x: x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n"),
        lambda x: x.reset(),
        lambda x: None,
        serve(gzip.compress(BODY)[:-9], Content_Encoding="gzip"),
        serve(gzip.compress(BODY)[:-8] + b"\0" * 8),
        without_length(gzip.compress(BODY)[:200]),
        without_length(BODY[:-3]),
        without_length(BODY[:9]),
        serve(BODY, Content_Encoding="gzip", ETag='"1"', Content_Range="bytes x"),
    ],
)
def test_a_broken_answer_is_tried_again(
    server: FaultServer, store: Path, broken: Behaviour
) -> None:
    receipt = get(server.on(PATH, then(broken, serve(BODY))), store)
    assert content_of(receipt, store) == BODY


def test_silence_ends_at_the_read_timeout(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, silent_after(BODY, 500))
    sentence = refusal(SourceError, url, store, read_timeout=0.2, retries=1)
    assert (
        f"attempts 1 to 2: nothing was heard for 0.2 s after 500 of {len(BODY):,} bytes" in sentence
    )


def test_refused_connection_and_unknown_host(store: Path) -> None:
    with FaultServer() as gone:
        url = gone.url(PATH)
    assert "attempts 1 to 3: the connection was refused" in refusal(SourceError, url, store)
    sentence = refusal(SourceError, "http://no-such-host.invalid/t.csv", store, retries=0)
    assert "the host name was not found" in sentence and "check the network" in sentence


@pytest.mark.parametrize(
    ("said", "least"),
    [
        ("1", 1.0),
        ("Thu, 31 Dec 2099 23:59:59 GMT", 1.0),
        ("99999999", 1.0),
        ("9" * 5000, 0.0),
        ("soon", 0.0),
    ],
)
def test_retry_after_is_honoured_up_to_a_cap(
    server: FaultServer, store: Path, monkeypatch: pytest.MonkeyPatch, said: str, least: float
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(download, "RETRY_AFTER_MAX_SECONDS", 1)
    monkeypatch.setattr(time, "sleep", waits.append)
    get(server.on(PATH, then(status(429, Retry_After=said), serve(BODY))), store)
    assert len(waits) == 1
    assert least <= waits[0] <= max(least, 0.001)


def test_no_wait_beyond_the_total_time(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, status(503, Retry_After=50))
    sentence = refusal(SourceError, url, store)
    assert "status 503, and the total time limit of 20 s was reached" in sentence
    assert len(server.seen) == 1


# Resuming


def test_a_strong_validator_is_resumed_from(server: FaultServer, store: Path) -> None:
    url = server.on(
        PATH, then(cut_short(BODY, 1000, ETag='"1"'), status(502), serve_ranges(BODY, '"1"'))
    )
    receipt = get(url, store)
    assert content_of(receipt, store) == BODY and receipt.etag == '"1"'
    for seen in server.seen[1:]:
        assert (seen.headers["Range"], seen.headers["If-Range"]) == ("bytes=1000-", '"1"')


def test_what_a_continuation_leaves_unsaid_is_kept(server: FaultServer, store: Path) -> None:
    packed = gzip.compress(BODY)
    date = "Wed, 04 Jan 2023 00:00:00 GMT"
    first = cut_short(packed, 50, ETag='"1"', Last_Modified=date, Content_Encoding="gzip")
    receipt = get(server.on(PATH, then(first, serve_part(packed, 50, '"1"'))), store)
    assert content_of(receipt, store) == BODY
    assert receipt.last_modified == date and receipt.received_sha256 == sha(BODY)


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}, {"Last_Modified": "today"}])
def test_without_a_strong_validator_it_starts_again(
    server: FaultServer, store: Path, headers: dict[str, str]
) -> None:
    url = server.on(PATH, then(cut_short(BODY, 1000, **headers), serve(BODY)))
    assert content_of(get(url, store), store) == BODY
    assert "Range" not in server.seen[1].headers


@pytest.mark.parametrize(
    "second",
    [
        serve(BODY, ETag='"2"'),
        serve_part(BODY.swapcase(), 1000, '"2"'),
        serve_part(BODY, 900, '"1"'),
        serve_part(BODY[:-100], 900, '"1"', f"bytes 900-{len(BODY) - 1}/{len(BODY)}"),
        serve_part(BODY + b"\n", 1000, '"1"'),
        serve_part(BODY, 1000, '"1"', "bytes 900-1000/*"),
        serve_part(BODY, 1000, '"1"', f"bytes 1000-{len(BODY)}/{len(BODY) + 1}"),
        serve_part(BODY[:2000], 1000, '"1"', f"bytes 1000-1999/{len(BODY)}"),
        serve_part(BODY[:2000], 1000, '"1"', f"bytes 1000-{len(BODY) - 1}/{len(BODY)}"),
        serve_part(BODY, 1000, '"1"', "items 1-2/3"),
        status(416, Content_Range=f"bytes */{len(BODY)}"),
        status(206),
        lambda x: (
            x.head(
                206,
                Content_Range=f"bytes 1000-{len(BODY) - 1}/{len(BODY)}",
                Content_Encoding="gzip",
            ),
            x.send(BODY[1000:].swapcase()),
        ),
    ],
)
def test_something_else_than_the_rest_is_not_appended(
    server: FaultServer, store: Path, second: Behaviour
) -> None:
    url = server.on(PATH, then(cut_short(BODY, 1000, ETag='"1"'), second, serve(BODY)))
    assert content_of(get(url, store), store) == BODY
    if len(server.seen) == 3:
        assert "Range" not in server.seen[2].headers


def test_a_part_that_was_not_asked_for_is_refused(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, serve_part(BODY, 0, '"1"'))
    assert "status 206 where the whole source was asked for" in refusal(SourceError, url, store)


def test_a_replaced_file_is_taken_whole(server: FaultServer, store: Path) -> None:
    newer = BODY.replace(b"t-", b"u-")
    url = server.on(PATH, then(cut_short(BODY, 1000, ETag='"1"'), serve_ranges(newer, '"2"')))
    assert content_of(get(url, store), store) == newer


def test_nothing_stays_of_a_longer_body(server: FaultServer, store: Path) -> None:
    shorter = HEADER + b"1,2,3\n"
    url = server.on(PATH, then(cut_short(BODY, 3000), without_length(shorter)))
    assert content_of(get(url, store), store) == shorter


# A body without a length


def test_without_length_a_whole_last_record_is_accepted_with_a_warning(
    server: FaultServer, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = HEADER + b'1,t,"two\r\nlines, ""and"" quotes"\r\n\r\n'
    assert content_of(get(server.on(PATH, without_length(body)), store), store) == body
    (warning,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert "without a length" in warning.message


@pytest.mark.parametrize(
    "behaviour", [serve(BODY[:-1]), chunked(BODY[:-1]), without_length(gzip.compress(BODY[:-1]))]
)
def test_a_body_whose_end_is_known_needs_no_last_line_end(
    server: FaultServer, store: Path, caplog: pytest.LogCaptureFixture, behaviour: Behaviour
) -> None:
    assert content_of(get(server.on(PATH, behaviour), store), store) == BODY[:-1]
    assert not caplog.records


@pytest.mark.parametrize(
    "body",
    [
        BODY[:-1],  # the line end may have been followed by more of the field
        HEADER + b"1,t\n",
        HEADER + b'1,t,"two\n',
        HEADER + b'1,t,"two\nlines\n',
        HEADER + b"1,t,x,y\n",
        HEADER[:-1],
    ],
)
def test_without_length_a_cut_record_is_refused(
    server: FaultServer, store: Path, body: bytes
) -> None:
    sentence = refusal(SourceError, server.on(PATH, without_length(body)), store)
    assert "without a length and does not end in a whole record" in sentence
    assert len(server.seen) == 3


# Limits


def test_a_slow_body_ends_at_the_total_time(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, drip_body(BODY))
    sentence = refusal(SourceError, url, store, total_timeout=0.5)
    assert "the total time limit of 0.5 s was reached after" in sentence
    assert "raise total_timeout" in sentence and len(server.seen) == 1


@pytest.mark.parametrize(
    "letters",
    [
        b"HTTP/1.1 200 OK" + b"k" * 1000,
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"k" * 1000,
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_slow_headers_end_at_the_total_time(
    server: FaultServer, store: Path, letters: bytes
) -> None:
    sentence = refusal(SourceError, server.on(PATH, drip(letters)), store, total_timeout=0.5)
    assert "the total time limit of 0.5 s was reached" in sentence


def test_a_connection_that_is_kept_open_ends_at_the_total_time(
    server: FaultServer, store: Path
) -> None:
    def behave(x: Exchange) -> None:
        x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        drip(BODY)(x)

    sentence = refusal(SourceError, server.on(PATH, behave), store, total_timeout=0.5)
    assert "of 9,999 bytes" in sentence and "the total time limit" in sentence


def test_a_slow_chunk_length_ends_at_the_total_time(server: FaultServer, store: Path) -> None:
    def behave(x: Exchange) -> None:
        x.head(200, Transfer_Encoding="chunked")
        drip(b"0" * 1000)(x)

    sentence = refusal(SourceError, server.on(PATH, behave), store, total_timeout=0.5)
    assert "the total time limit of 0.5 s was reached" in sentence


def test_a_fast_endless_body_ends_at_the_size_cap(server: FaultServer, store: Path) -> None:
    sentence = refusal(SourceError, server.on(PATH, endless(BODY)), store)
    assert "larger than max_bytes (100,000)" in sentence and len(server.seen) == 1


def test_an_announced_length_over_the_cap_is_not_fetched(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, serve(BODY))
    told: list[Any] = []
    sentence = refusal(SourceError, url, store, max_bytes=500, progress=lambda *x: told.append(x))
    assert f"{len(BODY):,} bytes long, over max_bytes (500)" in sentence and not told


@pytest.mark.parametrize("pack", [serve, gzip_encoded])
def test_a_gzip_bomb_ends_at_the_size_cap(
    server: FaultServer, store: Path, pack: Callable[[bytes], Behaviour]
) -> None:
    bomb = gzip.compress(HEADER + bytes(50_000_000))
    url = server.on(PATH, pack(bomb if pack is serve else HEADER + bytes(50_000_000)))
    sentence = refusal(SourceError, url, store)
    assert "unpacks to more than max_bytes (100,000)" in sentence and len(server.seen) == 1


def test_an_endless_redirect_body_is_left_unread(server: FaultServer, store: Path) -> None:
    server.on("/there.csv", serve(BODY))
    url = server.on(PATH, lambda x: (x.head(302, Location="/there.csv"), drip(b"x")(x))[1])
    assert content_of(get(url, store, total_timeout=5.0), store) == BODY


# Content


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"<!DOCTYPE html><html><title>Sign in</title></html>", "an HTML page"),
        (b"\n <HTML><body>Sign in</body>", "an HTML page"),
        (b'<?xml version="1.0"?><Error/>', "HTML or XML"),
        (b'{"error": "not here"}', "JSON"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"PAR1rest", "a Parquet file"),
        (b"\x7fELF\0\0\0\0", "binary data"),
        (BODY.decode().encode("utf-16"), "UTF-16 text"),
        (b"", "nothing"),
        (b"\xef\xbb\xbf\r\n\n", "nothing"),
        (HEADER.replace(b",", b";") + b"1;2;3\n", "a header separated by semicolons"),
        (b"user_id,trip_id,gender\n1,2,F\n", "the columns user_id, trip_id, gender"),
        (b"1985-03-02,F,77\n", "text without a header"),
        (b"Sorry, token abc is over\n", "text without a header"),
    ],
)
@pytest.mark.parametrize("serve_as", [serve, without_length])
def test_wrong_content_is_refused_and_named(
    server: FaultServer, store: Path, body: bytes, found: str, serve_as: Callable[..., Behaviour]
) -> None:
    sentence = refusal(DataQualityError, server.on(PATH, serve_as(body)), store)
    assert f"holds {found}" in sentence
    assert "sessions" in sentence and "user_id, trip_id, note" in sentence
    assert ("(missing: note)" in sentence) == (b"gender" in body)
    assert "1985" not in sentence and "abc" not in sentence
    assert len(server.seen) == 1


def test_wrong_content_inside_gzip_is_refused(server: FaultServer, store: Path) -> None:
    page = gzip.compress(b"<html>Sign in</html>")
    assert "an HTML page" in refusal(DataQualityError, server.on(PATH, serve(page)), store)
    thrice = gzip.compress(gzip.compress(gzip.compress(BODY)))
    assert "gzip data" in refusal(DataQualityError, server.on(PATH, serve(thrice)), store)


def test_an_encoding_that_was_not_asked_for_is_refused(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, serve(BODY, Content_Encoding="br"))
    assert "content encoding" in refusal(SourceError, url, store)


def test_expected_hash_of_the_csv_or_of_what_was_sent(server: FaultServer, store: Path) -> None:
    packed = gzip.compress(BODY)
    url = server.on(PATH, serve(packed))
    for expected in (sha(BODY), sha(packed).upper()):
        assert get(url, store, expected_sha256=expected).sha256 == sha(BODY)


def test_another_hash_is_tried_again_from_the_start(server: FaultServer, store: Path) -> None:
    damaged = BODY.replace(b"t-7,", b"t-8,")
    url = server.on(PATH, then(serve(damaged, ETag='"1"'), serve(BODY, ETag='"1"')))
    assert content_of(get(url, store, expected_sha256=sha(BODY)), store) == BODY
    assert "Range" not in server.seen[1].headers


def test_another_hash_at_each_attempt_fails(server: FaultServer, store: Path) -> None:
    sentence = refusal(SourceError, server.on(PATH, serve(BODY)), store, expected_sha256="0" * 64)
    assert f"SHA-256 is {sha(BODY)}, not the expected one" in sentence and len(server.seen) == 3


# An earlier receipt


def test_unchanged_is_not_sent_again(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, serve_ranges(BODY, '"1"'))
    first = get(url, store)
    before = (store / first.sha256).stat()
    assert get(url, store, first) == first
    assert server.seen[1].headers["If-None-Match"] == '"1"'
    after = (store / first.sha256).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_last_modified_is_asked_for_too(server: FaultServer, store: Path) -> None:
    date = "Wed, 04 Jan 2023 00:00:00 GMT"
    url = server.on(PATH, then(serve(BODY, Last_Modified=date), status(304)))
    first = get(url, store)
    assert get(url, store, first) == first
    assert server.seen[1].headers["If-Modified-Since"] == date


def test_changed_is_sent_again(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, then(serve_ranges(BODY, '"1"'), serve_ranges(BODY + b"1,2,3\n", '"2"')))
    second = get(url, store, get(url, store))
    assert (second.sha256, second.etag) == (sha(BODY + b"1,2,3\n"), '"2"')
    assert len(list(store.iterdir())) == 2


def test_same_content_sent_again_is_not_written_again(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, serve(BODY))
    first = get(url, store)
    inode = (store / first.sha256).stat().st_ino
    assert get(url, store, first) == first
    assert (store / first.sha256).stat().st_ino == inode


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(BODY[:-1])])
def test_a_lost_or_damaged_object_is_fetched_again(
    server: FaultServer, store: Path, damage: Callable[[Path], Any]
) -> None:
    url = server.on(PATH, serve_ranges(BODY, '"1"'))
    first = get(url, store)
    (store / first.sha256).chmod(0o640)
    damage(store / first.sha256)
    assert content_of(get(url, store, first), store) == BODY
    assert "If-None-Match" not in server.seen[1].headers


def test_a_receipt_of_another_address_query_or_hash_is_not_relied_on(
    server: FaultServer, store: Path
) -> None:
    url = server.on(PATH, serve_ranges(BODY, '"1"'))
    first = get(url, store)
    get(server.on("/other.csv", serve_ranges(BODY, '"1"')), store, first)
    get(url + "?day=2", store, first)
    get(url, store, replace(first, sha256=sha(b""), received_sha256=sha(b"")))
    with pytest.raises(SourceError):
        get(url, store, first, expected_sha256="0" * 64, retries=0)
    assert not any("If-None-Match" in seen.headers for seen in server.seen)


# Local files


def local(tmp_path: Path, content: bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_local_file_is_copied(tmp_path: Path, store: Path) -> None:
    path = local(tmp_path, BODY)
    told: list[Any] = []
    receipt = get(str(path), store, progress=lambda *now: told.append(now))
    path.write_bytes(b"edited in place")
    assert content_of(receipt, store) == BODY
    assert receipt == Receipt(str(path), sha(BODY), len(BODY), sha(BODY), len(BODY), None, None)
    assert told == [(len(BODY), len(BODY))]


def test_an_unchanged_local_file_is_not_written_again(tmp_path: Path, store: Path) -> None:
    path = local(tmp_path, gzip.compress(BODY), "t.csv.gz")
    first = get(str(path), store)
    store.chmod(0o550)
    told: list[Any] = []
    assert get(str(path), store, first, progress=lambda *now: told.append(now)) == first
    assert not told
    store.chmod(0o750)
    assert get(str(local(tmp_path, BODY, "t.csv.gz")), store, first).sha256 == first.sha256


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.csv", "cannot be read (No such file or directory)"),
        ("folder", "is a folder"),
        ("pipe", "is no regular file"),
        ("n" * 300, "cannot be read (File name too long)"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, store: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    sentence = refusal(SourceError, str(tmp_path / name), store)
    assert said in sentence and str(tmp_path / name) in sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(tmp_path: Path, store: Path) -> None:
    path = local(tmp_path, BODY)
    path.chmod(0)
    assert "cannot be read (Permission denied)" in refusal(SourceError, str(path), store)


def test_local_limits_checksums_and_content(tmp_path: Path, store: Path) -> None:
    path = str(local(tmp_path, BODY))
    assert "over max_bytes (500)" in refusal(SourceError, path, store, max_bytes=500)
    assert "not the expected one" in refusal(SourceError, path, store, expected_sha256="0" * 64)
    cut = str(local(tmp_path, gzip.compress(BODY)[:-9], "cut.csv.gz"))
    assert "gzip data is cut or damaged" in refusal(SourceError, cut, store)
    bomb = str(local(tmp_path, gzip.compress(bytes(1_000_000)), "bomb.gz"))
    assert "unpacks to more than max_bytes" in refusal(SourceError, bomb, store)
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("t.csv", BODY)
    sheet = str(local(tmp_path, book.getvalue(), "t.xlsx"))
    assert "an Excel workbook" in refusal(DataQualityError, sheet, store)


def test_a_local_file_that_grows_meanwhile_is_refused(tmp_path: Path, store: Path) -> None:
    path = local(tmp_path, BODY)

    def write_on(received: int, total: int | None) -> None:
        with path.open("ab") as file:
            file.write(b"9,9,9\n")

    sentence = refusal(SourceError, str(path), store, progress=write_on)
    assert "changed while it was read" in sentence


# Addresses, redirects and secrets


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://me:pw@h.example:8080/a/b.csv?token=x#y", "https://h.example:8080/a/b.csv"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("s3://key:secret@bucket/x?sig=1", "s3://bucket/x"),
        ("http://me:p/w@h.example/a", "http:(unreadable)"),
        ("http://[bad/a", "http:(unreadable)"),
        ("data/a?b#c@d.csv", "data/a?b#c@d.csv"),
        ("/abs/a.csv", "/abs/a.csv"),
        ("C:\\data\\a.csv", "C:\\data\\a.csv"),
    ],
)
def test_redact(source: str, shown: str) -> None:
    assert redact(source) == shown


@pytest.mark.parametrize(
    "source",
    [
        "ftp://me:pw@h.example/a.csv",
        "file:///etc/hosts",
        "file:a.csv",
        "s3://me:pw@bucket/a.csv",
        "http:///a.csv",
        "http://me:p/w@h.example/a",
        "https://h.example:port/a",
        "",
        "a\0b",
    ],
)
def test_other_sources_are_a_matter_of_configuration(store: Path, source: str) -> None:
    assert "pw" not in refusal(ConfigurationError, source, store)


def test_redirects_are_followed_with_credentials_for_their_own_host(
    server: FaultServer, store: Path
) -> None:
    server.on("/elsewhere.csv", serve(BODY))
    server.on("/second.csv", redirect(server.url("/elsewhere.csv", host="localhost"), 307))
    server.on(PATH, redirect("/second.csv?day=1", 301))
    receipt = get(server.url(PATH + "?token=t0ken", "me:pa%20ss@"), store)
    assert content_of(receipt, store) == BODY and receipt.source == server.url(PATH)
    first, second, third = server.seen
    assert first.target == PATH + "?token=t0ken" and second.target == "/second.csv?day=1"
    assert first.headers["Authorization"] == "Basic bWU6cGEgc3M="  # me:pa ss
    assert second.headers["Authorization"] == first.headers["Authorization"]
    assert "Authorization" not in third.headers and "t0ken" not in str(third.headers)


def test_a_name_without_password_is_sent(server: FaultServer, store: Path) -> None:
    server.on(PATH, serve(BODY))
    get(server.url(PATH, "t0ken@"), store)
    assert server.seen[0].headers["Authorization"] == "Basic dDBrZW46"  # t0ken:


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (PATH, "redirects more than 5 times"),
        ("file:///etc/hosts", "redirects to the scheme file"),
        ("ftp://h.example/a", "redirects to the scheme ftp"),
        ("https:///a", "redirects to no host"),
    ],
)
def test_bad_redirects_fail_at_once(server: FaultServer, store: Path, to: str, said: str) -> None:
    assert said in refusal(SourceError, server.on(PATH, redirect(to)), store)
    assert len(server.seen) == (session.MAX_REDIRECTS + 1 if to == PATH else 1)


@pytest.mark.parametrize("to", ["http://[bad/", "http://h.example:99999/", "http://\xff\xfe/"])
def test_a_malformed_redirect_is_no_crash(server: FaultServer, store: Path, to: str) -> None:
    refusal(SourceError, server.on(PATH, redirect(to)), store, retries=0)


SECRETS = ("us3r", "p4ss", "t0ken")


@pytest.mark.parametrize(
    "behaviour",
    [
        status(404),
        status(503),
        cut_short(BODY, 100),
        reset_at(BODY, 100),
        lambda x: x.reset(),
        lambda x: x.send(b"HTTP/1.1 200 OK\r\nbad header\r\n t0\r\n\r\n"),
        lambda x: x.send(b"nonsense\r\n"),
        serve(b"<html>"),
        serve(gzip.compress(BODY)[:100]),
        redirect("http://us3r:p4ss@h.example:99999/?t0ken"),
        redirect("ftp://us3r:p4ss@h.example/?t0ken"),
        redirect("http://us3r:p4ss@127.0.0.1:1/?t0ken"),
        silent_after(BODY, 10),
        drip_body(BODY),
    ],
)
def test_secrets_are_nowhere_in_errors_and_logs(
    server: FaultServer, store: Path, caplog: pytest.LogCaptureFixture, behaviour: Behaviour
) -> None:
    caplog.set_level(logging.DEBUG)
    server.on(PATH, behaviour)
    with pytest.raises(TravelPerksError) as caught:
        get(
            server.url(PATH + "?key=t0ken", "us3r:p4ss@"),
            store,
            retries=1,
            read_timeout=0.2,
            total_timeout=0.6,
        )
    assert server.seen[0].headers["Authorization"] and "t0ken" in server.seen[0].target
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    shown += "".join(repr(vars(record)) for record in caplog.records)
    error: BaseException | None = caught.value
    while error is not None:
        shown += f"{error!r} {error.args!r} {vars(error)!r}"
        error = error.__cause__ or error.__context__
    assert not [secret for secret in SECRETS if secret in shown]


def test_an_exception_of_the_libraries_goes_no_further() -> None:
    def fail() -> None:
        raise requests.ConnectionError("http://us3r:p4ss@h.example/?t0ken")

    with pytest.raises(AttemptError) as caught:
        guarded(fail, LIMITS)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_success_and_receipt_hold_no_secret(
    server: FaultServer, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.on(PATH, without_length(BODY))
    receipt = get(server.url(PATH + "?key=t0ken", "us3r:p4ss@"), store)
    shown = json.dumps(receipt.to_json()) + "".join(repr(vars(r)) for r in caplog.records)
    assert not [secret for secret in SECRETS if secret in shown]


def test_proxy_of_the_environment_is_used(
    server: FaultServer, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    server.on("http://far.invalid/t.csv", serve(BODY))
    assert get("http://far.invalid/t.csv", store).sha256 == sha(BODY)
    monkeypatch.setenv("http_proxy", "http://us3r:p4ss@127.0.0.1:1")
    with pytest.raises(SourceError, match="the proxy could not be used") as caught:
        get("http://far.invalid/t.csv", store)
    assert "p4ss" not in "".join(traceback.format_exception(caught.value))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if not shutil.which("openssl"):
        pytest.skip("openssl is needed to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        [*command.split(), names, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def secure(authority: tuple[Path, Path]) -> Iterator[FaultServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority)
    with FaultServer(context) as running:
        yield running


def test_certificates_of_the_environment_are_trusted_and_no_others(
    secure: FaultServer,
    authority: tuple[Path, Path],
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = secure.on(PATH, serve(BODY))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    sentence = refusal(SourceError, url, store)
    assert "certificate is not trusted" in sentence and "REQUESTS_CA_BUNDLE" in sentence
    assert "attempt" not in sentence
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority[0]))
    assert get(url, store).sha256 == sha(BODY)


def test_no_redirect_from_https_to_http(
    secure: FaultServer,
    server: FaultServer,
    authority: tuple[Path, Path],
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority[0]))
    url = secure.on(PATH, redirect(server.on(PATH, serve(BODY))))
    assert "redirects from https to http" in refusal(SourceError, url, store)
    assert not server.seen


@pytest.mark.parametrize("behaviour", [drip_body(BODY), drip(b"HTTP/1.1 200 OK" + b"k" * 1000)])
def test_the_total_time_holds_under_tls(
    secure: FaultServer,
    authority: tuple[Path, Path],
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: Behaviour,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority[0]))
    sentence = refusal(SourceError, secure.on(PATH, behaviour), store, total_timeout=0.5)
    assert "the total time limit of 0.5 s was reached" in sentence


# The store


def test_a_full_disk_is_told(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, serve(BODY))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        sentence = refusal(CannotWriteError, url, store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot be written (File too large)" in sentence and str(store) in sentence
    assert len(server.seen) == 1


def test_a_store_that_cannot_be_made_is_told(server: FaultServer, tmp_path: Path) -> None:
    blocked = local(tmp_path, b"", "in_the_way")
    with pytest.raises(CannotWriteError, match=r"in_the_way cannot be written \(File exists\)"):
        get(server.on(PATH, serve(BODY)), blocked)


def test_an_interrupt_leaves_nothing(server: FaultServer, store: Path) -> None:
    def interrupt(received: int, total: int | None) -> None:
        assert [path.name.startswith(PART_PREFIX) for path in store.iterdir()] == [True]
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        get(server.on(PATH, serve(BODY, ETag='"1"')), store, progress=interrupt)
    assert not list(store.iterdir())
    assert threading.active_count() <= before + 1  # the server's own


def test_remains_of_killed_downloads_are_removed(server: FaultServer, store: Path) -> None:
    store.mkdir()
    old, new = store / f"{PART_PREFIX}old", store / f"{PART_PREFIX}new"
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - STALE_SECONDS - 60,) * 2)
    get(server.on(PATH, serve(BODY)), store)
    assert not old.exists() and new.exists()


def test_many_at_a_time_into_one_store(server: FaultServer, store: Path) -> None:
    url = server.on(PATH, serve(BODY))
    receipts: list[Receipt] = []
    threads = [threading.Thread(target=lambda: receipts.append(get(url, store))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 6 and len(set(receipts)) == 1
    assert content_of(receipts[0], store) == BODY
