"""Bring one http(s) source into a file: as many attempts as it takes, each from where it broke.

The body is taken as it travels, undecoded, so that its length can be checked and a broken
transfer resumed.
"""

import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TypeVar

import requests
from urllib3 import Retry
from urllib3.exceptions import InvalidHeader

from travel_perks.errors import SourceError
from travel_perks.fetching.address import redact
from travel_perks.fetching.attempt import ADDRESS, AttemptError, Limits
from travel_perks.fetching.session import TimedSession
from travel_perks.fetching.store import Part

BACKOFF_SECONDS = 1.0  # before the second attempt; doubled for each further one
BACKOFF_MAX_SECONDS = 60.0
RETRY_AFTER_MAX_SECONDS = 60

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_log = logging.getLogger("travel_perks.fetching.fetch")
_Result = TypeVar("_Result")
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Answer:
    """What the server said of a body that has arrived.

    `encoded`: the body carries a content encoding. `measured`: its end was known from a
    length or a last chunk, and not only from the connection being closed.
    """

    etag: str | None = None
    last_modified: str | None = None
    encoded: bool = False
    measured: bool = True


def download(
    url: str,
    part: Part,
    accept: Callable[[Answer], _Result],
    *,
    table: str,
    limits: Limits,
    conditions: Mapping[str, str],
    progress: Progress,
) -> tuple[_Result | None, int]:
    """Fetch `url` into `part`; return what `accept` makes of it, and the attempts it took.

    The result is None when the server answered that nothing changed under the headers
    `conditions`. `accept` raises AttemptError for a content that another attempt may mend.
    Raises SourceError when no attempt is left, naming what happened at each.
    """
    reasons: list[str] = []
    with TimedSession(limits) as session:
        transfer = _Transfer(url, part, session, limits, conditions, progress)
        while True:
            try:
                answer = transfer.attempt()
                result = None if answer is None else _accepted(accept, answer, part)
                return result, len(reasons) + 1
            except AttemptError as caught:
                failure = caught
            reasons.append(failure.reason)
            wait = max(failure.wait, _backoff(len(reasons)))
            if failure.final or len(reasons) > limits.retries:
                break
            if session.remaining() <= wait:
                failure = limits.out_of_time()
                reasons[-1] += f", and {failure.reason}"
                break
            _log.warning(
                "attempt failed",
                extra={
                    "table": table,
                    "attempt": len(reasons),
                    "reason": failure.reason,
                    "wait_seconds": round(wait, 3),
                },
            )
            time.sleep(wait)
    raise SourceError(
        f"The source of {table}, {redact(url)}, could not be fetched: {_history(reasons)}; "
        f"{failure.advice}."
    )


def _accepted(accept: Callable[[Answer], _Result], answer: Answer, part: Part) -> _Result:
    try:
        return accept(answer)
    except AttemptError:
        # Whole and yet wrong: nothing of it is worth resuming.
        part.restart()
        raise


def _backoff(failures: int) -> float:
    longest = min(BACKOFF_MAX_SECONDS, BACKOFF_SECONDS * 2.0 ** min(failures - 1, 16))
    return longest * random.uniform(0.5, 1.0)


def _history(reasons: list[str]) -> str:
    """Tell what happened at each attempt, equal ones together."""
    if len(reasons) == 1:
        return reasons[0]
    told, first = [], 1
    for reason, run in groupby(reasons):
        last = first + len(list(run)) - 1
        numbers = f"attempt {first}" if first == last else f"attempts {first} to {last}"
        told.append(f"{numbers}: {reason}")
        first = last + 1
    return ", ".join(told)


@dataclass
class _Transfer:
    """One source on its way: what of it is here, and what the next attempt needs to know.

    `total` is the announced length in bytes. `validator` is set when the bytes at hand can
    be resumed from.
    """

    url: str
    part: Part
    session: TimedSession
    limits: Limits
    conditions: Mapping[str, str]
    progress: Progress
    answer: Answer = field(default_factory=Answer)
    total: int | None = None
    validator: str | None = None

    def attempt(self) -> Answer | None:
        """Ask for what is missing and take it; None when the server says nothing changed."""
        with self.session.ask(self.url, self._headers()) as response:
            if response.status_code == 304 and self.conditions and not self.part.size:
                return None
            if response.status_code == 206 and self.part.size:
                self._continue(response)
            else:
                self._begin(response)
            self._take(response)
            measured = response.raw.length_remaining is not None or response.raw.chunked
            return replace(self.answer, measured=measured)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Encoding": "gzip"}
        if self.part.size and self.validator:
            return headers | {"Range": f"bytes={self.part.size}-", "If-Range": self.validator}
        self.part.restart()
        return headers | dict(self.conditions)

    def _begin(self, response: requests.Response) -> None:
        """Start anew with a whole body; AttemptError for any other answer."""
        if response.status_code == 416:
            self.validator = None
        _check_status(response)
        encoded = _is_encoded(response)
        self.part.restart()
        etag = response.headers.get("ETag")
        self.answer = Answer(etag, response.headers.get("Last-Modified"), encoded)
        # Only a strong validator promises the same bytes.
        self.validator = etag if etag and etag.startswith('"') else None
        self.total = response.raw.length_remaining

    def _continue(self, response: requests.Response) -> None:
        """Go on with a body that is sent from where the last one broke."""
        sent = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        start, end = (int(sent[1]), int(sent[2]) + 1) if sent else (-1, -1)
        total = int(sent[3]) if sent and sent[3] != "*" else end
        # A continuation need not repeat the headers of what it continues.
        same = response.headers.get("ETag", self.validator) == self.validator
        same &= self.answer.encoded or not _is_encoded(response)
        if not same or start != self.part.size or {end, total, self.total or total} != {total}:
            self.validator = None
            raise AttemptError("the rest was asked for, and something else was sent")
        self.total = total

    def _take(self, response: requests.Response) -> None:
        limit = self.limits.max_bytes
        if self.total and self.total > limit:
            raise self.limits.too_large(f"it is {self.total:,} bytes long, over")
        while chunk := self._next(response):
            if self.part.size + len(chunk) > limit:
                raise self.limits.too_large("it is larger than")
            self.part.write(chunk)
            self.progress(self.part.size, self.total)
        if self.total is not None and self.part.size != self.total:
            self.validator = None
            raise AttemptError("the rest that was sent has another length than announced")

    def _next(self, response: requests.Response) -> bytes:
        try:
            return self.session.read(response)
        except AttemptError as failure:
            total = "" if self.total is None else f" of {self.total:,}"
            failure.reason += f" after {self.part.size:,}{total} bytes"
            raise


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status in (206, 416):
        raise AttemptError(f"status {status} where the whole source was asked for")
    if status in (408, 429) or status >= 500:
        raise AttemptError(f"status {status}", wait=_retry_after(response))
    if status != 200:
        raise AttemptError(f"status {status}", ADDRESS, final=True)


def _is_encoded(response: requests.Response) -> bool:
    """Tell whether the body is packed for the journey; AttemptError for another way than gzip."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return False
    if encoding not in ("gzip", "x-gzip"):
        raise AttemptError("its content encoding is neither gzip nor none", final=True)
    return True


def _retry_after(response: requests.Response) -> float:
    """Return the seconds that the server asks to wait, capped; 0 when it does not say."""
    retry = Retry(retry_after_max=RETRY_AFTER_MAX_SECONDS)
    try:
        return retry.parse_retry_after(response.headers.get("Retry-After", "0"))
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0
