"""A session that adds to requests what a download of unknown servers needs.

Redirects are checked one by one and their bodies left unread; a total time limit ends
whatever a server does; and no log line shows a URL.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3 import HTTPConnectionPool

from travel_perks.fetching.address import credentials, without_user_info
from travel_perks.fetching.attempt import ADDRESS, AttemptError, Limits, guarded

MAX_REDIRECTS = 5
CHUNK_BYTES = 1 << 18
_CUT_AGAIN_SECONDS = 0.05
_Result = TypeVar("_Result")

# These loggers write whole URLs, some of them as warnings.
for _name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(lambda _record: False)


class TimedSession:
    """Requests of one source, all ended at its total time limit.

    A context manager. A thread cuts the connections when the time is over: the time-outs
    of requests bound a silence, and a server that sends letter by letter is never silent.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deadline = time.monotonic() + limits.total_timeout
        self._session = _PlainSession()
        self._body: Any = None
        self._expired = threading.Event()
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._cut_in_time, daemon=True)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._watch.join()
        self._session.close()

    def remaining(self) -> float:
        """Return the seconds left."""
        return self._deadline - time.monotonic()

    def ask(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """Get `url`, its body still to be read, through at most MAX_REDIRECTS redirects.

        The user info of `url` goes to its own host alone. Raises AttemptError.
        """
        pair = credentials(url)
        address, auth = without_user_info(url), HTTPBasicAuth(*pair) if pair else None
        for _ in range(MAX_REDIRECTS + 1):
            response = self._guarded(partial(self._get, address, auth, headers))
            if not response.is_redirect:
                self._body = response.raw
                return response
            response.close()
            target = self._guarded(partial(self._target, address, response))
            if self._session.should_strip_auth(address, target):  # type: ignore[no-untyped-call]
                auth = None
            address = without_user_info(target)
        raise AttemptError(f"it redirects more than {MAX_REDIRECTS} times", ADDRESS, final=True)

    def read(self, response: requests.Response) -> bytes:
        """Return the next bytes of a body as they travel; none at its end. Raises AttemptError."""
        # One read of what is there, so that everything before a break has been taken.
        read = partial(response.raw.read1, CHUNK_BYTES, decode_content=False)
        chunk: bytes = self._guarded(read)
        if self._expired.is_set():
            # A connection that was cut looks like a body that ended.
            raise self._limits.out_of_time()
        return chunk

    def _guarded(self, call: Callable[[], _Result]) -> _Result:
        try:
            return guarded(call, self._limits)
        except AttemptError:
            if self._expired.is_set():
                raise self._limits.out_of_time() from None
            raise

    def _get(
        self, url: str, auth: HTTPBasicAuth | None, headers: Mapping[str, str]
    ) -> requests.Response:
        left = max(self.remaining(), 0.001)
        timeout = (min(self._limits.connect_timeout, left), min(self._limits.read_timeout, left))
        return self._session.get(
            url, auth=auth, headers=headers, timeout=timeout, stream=True, allow_redirects=False
        )

    def _target(self, url: str, response: requests.Response) -> str:
        location = requests.Session.get_redirect_target(self._session, response)
        target = urlsplit(urljoin(url, location))
        if target.scheme not in ("http", "https"):
            shown = target.scheme[:20]
            raise AttemptError(f"it redirects to the scheme {shown}", ADDRESS, final=True)
        if target.scheme == "http" and urlsplit(url).scheme.lower() == "https":
            raise AttemptError("it redirects from https to http", ADDRESS, final=True)
        if not target.hostname or target.port == 0:
            raise AttemptError("it redirects to no host", ADDRESS, final=True)
        return target.geturl()

    def _cut_in_time(self) -> None:
        # Again and again: a connection may be made while the others are cut.
        while not self._done.wait(max(self.remaining(), _CUT_AGAIN_SECONDS)):
            self._expired.set()
            self._session.adapter.cut()
            with suppress(OSError, ValueError, RuntimeError, AttributeError):  # read to its end
                self._body.shutdown()


class _PlainSession(requests.Session):
    """A session that leaves redirects alone: requests reads the body of each, whatever its size."""

    def __init__(self) -> None:
        super().__init__()
        self.adapter = _KnowingAdapter()
        self.mount("http://", self.adapter)
        self.mount("https://", self.adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow none."""
        return None


class _KnowingAdapter(HTTPAdapter):
    """Knows its connections, so that they can be cut before a response has taken them over."""

    def __init__(self) -> None:
        super().__init__()
        self._connections: list[Any] = []

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        """Return the pool of a request, its new connections noted."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = partial(self._connection, type(pool).ConnectionCls)
        return pool  # type: ignore[no-any-return]

    def _connection(self, kind: Callable[..., Any], **kwargs: Any) -> Any:
        connection = kind(**kwargs)
        self._connections.append(connection)
        return connection

    def cut(self) -> None:
        """End whatever the connections wait for."""
        for connection in self._connections:
            with suppress(OSError, AttributeError):  # not connected, or closed meanwhile
                connection.sock.shutdown(socket.SHUT_RDWR)
