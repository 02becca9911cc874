"""What is going on, for a person at a terminal: a bar on STDERR, and nothing elsewhere."""

import sys
from types import TracebackType
from typing import Any, Self


class Progress:
    """Follows the records of a run; shows the stage and how many jobs are done."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                progress.TextColumn("{task.description:<26}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TimeElapsedColumn(),
                console=Console(stderr=True),
                redirect_stdout=False,
                redirect_stderr=False,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("starting", total=None)
        return self

    def note(self, entry: dict[str, Any]) -> None:
        """Take one record of the log."""
        if self._bar is None:
            return
        if entry["message"] == "rule started":
            stage = " ".join(filter(None, (entry["rule"].replace("_", " "), entry.get("table"))))
            self._bar.update(self._task, description=stage)
        elif entry["message"] == "progress":
            self._bar.update(self._task, completed=entry["done"], total=entry["total"])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
