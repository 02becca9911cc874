"""The address of a source: an http(s) URL or a local path, and what of it may be shown.

User info and query of a URL are secrets: they are used, and never shown.
"""

import re
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from travel_perks.errors import ConfigurationError

# Two letters at least: `C:\data` is a path.
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]+):")


def is_remote(source: str) -> bool:
    """Tell an http(s) URL (true) from a local path (false).

    Raises ConfigurationError for another scheme, and for a URL without a readable host.
    """
    scheme = _scheme(source)
    if not scheme:
        if not source.strip() or "\0" in source:
            raise ConfigurationError("A source is empty or no path; give a URL or a local path.")
        return False
    if scheme not in ("http", "https"):
        raise ConfigurationError(
            f"The source {redact(source)} has the scheme {scheme}, which is not read: give an http "
            "or https URL or a local path (a path with a colon as ./name)."
        )
    if _split(source) is None:
        raise ConfigurationError(
            f"The source {redact(source)} is not a whole URL; write scheme://host/path, with "
            "special characters of a user name or password percent-encoded."
        )
    return True


def redact(source: str) -> str:
    """Return a URL without user info, query and fragment; a local path unchanged."""
    scheme = _scheme(source)
    if not scheme:
        return source
    parts = _split(source)
    if parts is None:
        # A slash or hash in a password moves it to where a path is looked for: show nothing.
        return f"{scheme}:(unreadable)"
    return urlunsplit((parts.scheme, _host(parts), parts.path, "", ""))


def without_user_info(url: str) -> str:
    """Return an http(s) URL as it may stand in a request: with its query, without user info."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, _host(parts), parts.path, parts.query, ""))


def credentials(url: str) -> tuple[bytes, bytes] | None:
    """Return name and password of `url` for basic authentication; a name alone counts."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    # As bytes: requests would encode text as Latin-1, and fail for other letters.
    return unquote(parts.username).encode(), unquote(parts.password or "").encode()


def has_query(url: str) -> bool:
    """Tell whether `url` has a query."""
    return bool(urlsplit(url).query)


def _scheme(source: str) -> str:
    match = _SCHEME.match(source)
    return match[1].lower() if match else ""


def _split(source: str) -> SplitResult | None:
    """Split a URL; None when it has no host or its port is no number."""
    try:
        parts = urlsplit(source.strip())
        readable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if readable else None


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
