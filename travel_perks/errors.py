"""The failures a user can meet, each with the exit code that the command ends with.

The message of each is one sentence for a person: what failed, where, and what to do.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command (the public contract, see docs/operations.md)."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    SOURCE = 4
    DATA_QUALITY = 5
    SEALED = 6
    BUSY = 7
    VERIFICATION = 8
    CANNOT_WRITE = 9
    INTERRUPTED = 130
    TERMINATED = 143


class TravelPerksError(Exception):
    """A failure with a cause the user can act on; `exit_code` says of which kind."""

    exit_code = Exit.UNEXPECTED


class StoppedError(TravelPerksError):
    """A signal ended the command."""

    def __init__(self, exit_code: Exit) -> None:
        super().__init__("The dry run was interrupted; nothing is left of it but its log.")
        self.exit_code = exit_code


class UsageError(TravelPerksError):
    """The command line is wrong: a bad run id, an unknown option."""

    exit_code = Exit.USAGE


class ConfigurationError(TravelPerksError):
    """A setting, the perks file or an expectations file is wrong."""

    exit_code = Exit.CONFIGURATION


class SourceError(TravelPerksError):
    """A source could not be fetched whole: network, status, time or size."""

    exit_code = Exit.SOURCE


class DataQualityError(TravelPerksError):
    """What a source holds, or what was made of it, is not good enough to publish."""

    exit_code = Exit.DATA_QUALITY


class SealedError(TravelPerksError):
    """The run id is sealed with other content."""

    exit_code = Exit.SEALED


class BusyError(TravelPerksError):
    """Another process holds the run id."""

    exit_code = Exit.BUSY


class VerificationError(TravelPerksError):
    """A file of a sealed run is not as it was sealed."""

    exit_code = Exit.VERIFICATION


class CannotWriteError(TravelPerksError):
    """A folder cannot be written to: permission, disk, or a file in the way."""

    exit_code = Exit.CANNOT_WRITE
