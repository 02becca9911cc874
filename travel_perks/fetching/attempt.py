"""One attempt at a download: what it may cost, and how it fails.

The messages of the HTTP libraries carry the whole URL. Here they become plain words, and
no exception of theirs goes further, not even as a cause.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import requests
from urllib3 import exceptions as urllib3_errors

NETWORK = "check the network, the address and the proxy settings"
SERVER = "check the server, or try again later"
ADDRESS = "open the address to see what it serves"
TIME = "check the connection, or raise total_timeout"
SIZE = "raise max_bytes if the source is right"
_TRUST = "point REQUESTS_CA_BUNDLE to the authority that signed it"

# What a failure means and what to check; the first line that fits the exception or one of
# those it wraps counts, so the narrower kinds stand first.
_MEANINGS: tuple[tuple[type[BaseException], str, str], ...] = (
    (ssl.SSLCertVerificationError, "the server's certificate is not trusted", _TRUST),
    (urllib3_errors.ProxyError, "the proxy could not be used", NETWORK),
    (socket.gaierror, "the host name was not found", NETWORK),
    (requests.ConnectTimeout, "no connection within {connect_timeout:g} s", NETWORK),
    (urllib3_errors.ReadTimeoutError, "nothing was heard for {read_timeout:g} s", SERVER),
    (ConnectionRefusedError, "the connection was refused", NETWORK),
    (http.client.IncompleteRead, "the body ended early", SERVER),
    (ConnectionError, "the connection was reset", SERVER),
    (ssl.SSLError, "the encrypted connection failed", NETWORK),
    (requests.exceptions.InvalidURL, "the address or a redirect of it is no valid URL", ADDRESS),
    (requests.exceptions.InvalidSchema, "the proxy's scheme is not supported", NETWORK),
    (TimeoutError, "no answer came in time", SERVER),
    (http.client.HTTPException, "the answer is not valid HTTP", ADDRESS),
    (ValueError, "a header of the answer is malformed", SERVER),
)
_FINAL = (ssl.SSLCertVerificationError, requests.exceptions.InvalidURL)

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Limits:
    """How long to try for one source, in seconds and attempts, and how large it may be.

    `retries` counts attempts after the first; `total_timeout` covers them all. `max_bytes`
    bounds what is received and, separately, what it unpacks to.
    """

    retries: int
    connect_timeout: float
    read_timeout: float
    total_timeout: float
    max_bytes: int

    def too_large(self, what: str) -> "AttemptError":
        """Return the failure of a source that `what` (it is larger than) `max_bytes`."""
        return AttemptError(f"{what} max_bytes ({self.max_bytes:,})", SIZE, final=True)

    def out_of_time(self) -> "AttemptError":
        """Return the failure of having reached the total time limit."""
        reason = f"the total time limit of {self.total_timeout:g} s was reached"
        return AttemptError(reason, TIME, final=True)


class AttemptError(Exception):
    """An attempt failed: the reason, what to check, and what is known of the next one.

    `final`: no other attempt can mend it. `wait`: seconds that the server asks for.
    """

    def __init__(
        self, reason: str, advice: str = SERVER, *, final: bool = False, wait: float = 0.0
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.final = final
        self.wait = wait


def guarded(call: Callable[[], _Result], limits: Limits) -> _Result:
    """Call into the HTTP libraries; whatever they raise becomes an AttemptError."""
    try:
        return call()
    except (
        requests.RequestException,
        urllib3_errors.HTTPError,
        http.client.HTTPException,
        OSError,
        ValueError,
    ) as error:
        failure = _meaning(error, limits)
    # Out of the handler, so that the exception is not even the context of this one.
    raise failure


def _meaning(error: BaseException, limits: Limits) -> AttemptError:
    causes = list(_wrapped(error))
    final = any(isinstance(cause, _FINAL) for cause in causes)
    for kind, reason, advice in _MEANINGS:
        if any(isinstance(cause, kind) for cause in causes):
            return AttemptError(reason.format_map(vars(limits)), advice, final=final)
    return AttemptError("the connection broke", NETWORK)


def _wrapped(error: BaseException) -> Iterator[BaseException]:
    """Walk an exception and those it holds as cause, context, argument or `reason`."""
    found, seen = [error], set[int]()
    while found:
        current = found.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            held = (current.__cause__, current.__context__, getattr(current, "reason", None))
            found += [one for one in (*held, *current.args) if isinstance(one, BaseException)]
