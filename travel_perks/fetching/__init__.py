"""Bring the sources in: by URL or path, whole, into the store."""
