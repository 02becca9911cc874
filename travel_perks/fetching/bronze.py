"""Inputs as received: fetched into the store, linked into the run, looked at again."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

from travel_perks.fetching.fetch import Limits, Receipt, fetch
from travel_perks.fetching.store_lock import fetching
from travel_perks.files import make_folder, read_json, write_json
from travel_perks.layout import Layout
from travel_perks.settings import ENV_PREFIX, SAMPLE
from travel_perks.tables import TABLES, Table


def locate(source: str, table: str) -> str:
    """Return the URL or path of a source; `sample` is the bundled sample's file of `table`."""
    if source != SAMPLE:
        return source
    return str(Path(str(resources.files("travel_perks"))) / "sample_data" / f"{table}.csv")


def source_of(table: str, config: Mapping[str, Any]) -> str:
    """Return the whole source of a table: from the environment where it hides a secret."""
    name = f"{table}_url"
    return locate(os.environ.get(ENV_PREFIX + name.upper()) or config[name], table)


def bring(
    table: Table, layout: Layout, config: Mapping[str, Any], previous: Path | None = None
) -> Receipt:
    """Fetch the source of `table` into the store.

    What the receipt in the file `previous` names is not sent again when it has not changed.
    """
    known = previous if previous is not None and previous.is_file() else None
    return fetch(
        source_of(table.name, config),
        table=table.name,
        columns=table.column_names,
        store=Path(layout.store),
        previous=Receipt.from_json(read_json(known)) if known else None,
        limits=Limits(**{name: config[name] for name in Limits.__dataclass_fields__}),
    )


def link(layout: Layout, receipt: Receipt, csv: Path, receipt_file: Path) -> None:
    """Link a stored input into the run, the receipt beside it."""
    make_folder(csv.parent)
    partial = csv.with_name(f".{csv.name}.{os.getpid()}.partial")
    partial.hardlink_to(Path(layout.store) / receipt.sha256)
    partial.replace(csv)
    write_json(receipt_file, receipt.to_json())


def look_again(layout: Layout, config: Mapping[str, Any]) -> None:
    """Take up what has changed at the sources since an unfinished run fetched them.

    Rewrites the receipt of a changed source only, so that only what follows it is stale.
    """

    def look(table: Table) -> None:
        receipt_file = Path(layout.bronze(f"{table.name}.json"))
        if receipt_file.is_file():
            receipt = bring(table, layout, config, receipt_file)
            if receipt.sha256 != read_json(receipt_file)["sha256"]:
                link(layout, receipt, Path(layout.bronze(f"{table.name}.csv")), receipt_file)

    with fetching(Path(layout.store_lock)), ThreadPoolExecutor(len(TABLES)) as threads:
        list(threads.map(look, TABLES.values()))
