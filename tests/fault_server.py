"""An HTTP server on 127.0.0.1 that misbehaves on purpose.

    with FaultServer() as server:
        server.on("/users.csv", then(status(503), serve(body, etag='"1"')))
        fetch(server.url("/users.csv"), ...)
        assert len(server.seen) == 2

A behaviour is a function of one `Exchange`. Each visit to a path is counted, and the
request line and headers of each are noted in `server.seen`.
"""

import email.message
import gzip
import re
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True)
class Seen:
    """A request that arrived: the target of its request line, and its headers."""

    target: str
    headers: email.message.Message


@dataclass(frozen=True)
class Exchange:
    """One request and the connection to answer it on; `visit` counts from 1 for each path."""

    visit: int
    headers: email.message.Message
    connection: socket.socket
    stopping: threading.Event

    def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(content)

    def head(self, code: int, **headers: object) -> None:
        """Send a status line and headers; `Content_Length=3` becomes `Content-Length: 3`."""
        lines = [f"HTTP/1.1 {code} Said", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def pause(self, seconds: float) -> None:
        """Wait, though not past the end of the server."""
        self.stopping.wait(seconds)

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Behaviour = Callable[[Exchange], None]


class FaultServer:
    """The server; a context manager. `tls` makes it speak https."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self._visits: Counter[str] = Counter()
        self._behaviours: dict[str, Behaviour] = {}
        self._stopping = threading.Event()
        self._scheme = "https" if tls else "http"
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def on(self, path: str, behaviour: Behaviour) -> str:
        """Answer requests for `path` so; return its URL."""
        self._behaviours[path] = behaviour
        return self.url(path)

    def url(self, path: str, user_info: str = "", host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{user_info}{host}:{self.port}{path}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.close_connection = True
                outer.seen.append(Seen(self.path, self.headers))
                path = self.path.partition("?")[0]
                outer._visits[path] += 1
                exchange = Exchange(
                    outer._visits[path], self.headers, self.connection, outer._stopping
                )
                outer._behaviours.get(path, status(404))(exchange)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves early is no error here."""


def then(*behaviours: Behaviour) -> Behaviour:
    """Behave so on the first visit, so on the second, …; the last one stays."""
    return lambda x: behaviours[min(x.visit, len(behaviours)) - 1](x)


def status(code: int, **headers: object) -> Behaviour:
    """Answer with a status and no body."""
    return lambda x: x.head(code, **{"Content_Length": 0} | headers)


def serve(body: bytes, **headers: object) -> Behaviour:
    """Serve `body` whole, with its length."""

    def behave(x: Exchange) -> None:
        x.head(200, Content_Length=len(body), **headers)
        x.send(body)

    return behave


def serve_ranges(body: bytes, etag: str) -> Behaviour:
    """Serve `body` as a good server does: 304, and 206 for a range under a matching If-Range."""

    def behave(x: Exchange) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-", x.headers.get("Range", ""))
        if x.headers.get("If-None-Match") == etag:
            x.head(304, ETag=etag)
        elif wanted and x.headers.get("If-Range") == etag:
            serve_part(body, int(wanted[1]), etag)(x)
        else:
            serve(body, ETag=etag)(x)

    return behave


def serve_part(body: bytes, start: int, etag: str, content_range: str | None = None) -> Behaviour:
    """Answer 206 with `body` from `start`, whatever was asked for."""

    def behave(x: Exchange) -> None:
        rest = body[start:]
        said = content_range or f"bytes {start}-{len(body) - 1}/{len(body)}"
        x.head(206, Content_Length=len(rest), Content_Range=said, ETag=etag)
        x.send(rest)

    return behave


def cut_short(body: bytes, at: int, **headers: object) -> Behaviour:
    """Announce `body` whole, and close the connection after `at` bytes."""

    def behave(x: Exchange) -> None:
        x.head(200, Content_Length=len(body), **headers)
        x.send(body[:at])

    return behave


def reset_at(body: bytes, at: int, **headers: object) -> Behaviour:
    """As `cut_short`, with a TCP reset once the client had time to read."""

    def behave(x: Exchange) -> None:
        cut_short(body, at, **headers)(x)
        x.pause(0.1)
        x.reset()

    return behave


def without_length(body: bytes, **headers: object) -> Behaviour:
    """Serve `body` without a length: the end of the connection is its end."""

    def behave(x: Exchange) -> None:
        x.head(200, **headers)
        x.send(body)

    return behave


def chunked(body: bytes, *, size: int = 100, whole: bool = True, **headers: object) -> Behaviour:
    """Serve `body` in chunks; without `whole`, the last chunk is left out."""

    def behave(x: Exchange) -> None:
        x.head(200, Transfer_Encoding="chunked", **headers)
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            x.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        if whole:
            x.send(b"0\r\n\r\n")

    return behave


def gzip_encoded(body: bytes, **headers: object) -> Behaviour:
    """Serve `body` packed for the journey."""
    return serve(gzip.compress(body), Content_Encoding="gzip", **headers)


def redirect(to: str, code: int = 302) -> Behaviour:
    """Send the client elsewhere."""
    return status(code, Location=to)


def silent_after(body: bytes, at: int) -> Behaviour:
    """Send `at` bytes of `body`, then nothing, the connection open."""

    def behave(x: Exchange) -> None:
        cut_short(body, at)(x)
        x.pause(60)

    return behave


def drip(content: bytes, pause: float = 0.05) -> Behaviour:
    """Send raw bytes one by one, for ever."""

    def behave(x: Exchange) -> None:
        while not x.stopping.is_set():
            for letter in content:
                x.send(bytes([letter]))
                x.pause(pause)

    return behave


def drip_body(body: bytes, pause: float = 0.05) -> Behaviour:
    """Send good headers, and a body byte by byte, for ever."""

    def behave(x: Exchange) -> None:
        x.head(200)
        drip(body, pause)(x)

    return behave


def endless(piece: bytes, **headers: object) -> Behaviour:
    """Send `piece` again and again, as fast as it goes."""

    def behave(x: Exchange) -> None:
        x.head(200, **headers)
        while not x.stopping.is_set():
            x.send(piece)

    return behave
