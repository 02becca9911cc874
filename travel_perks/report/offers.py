"""How many customers get which perk, and how sure that is."""

from collections.abc import Mapping

import pandas as pd

from travel_perks.report import words
from travel_perks.report.facts import EVIDENCE


def count_offers(gold: pd.DataFrame, perk_names: Mapping[str, str]) -> pd.DataFrame:
    """Count users by perk and evidence.

    Returns one row a configured perk (index: its id, configured order, unused perks included)
    with the columns of `EVIDENCE` and `users`, their sum.
    """
    counts = (
        gold.groupby(["perk", "evidence"], observed=True)
        .size()
        .unstack(fill_value=0)
        .reindex(index=list(perk_names), columns=list(EVIDENCE), fill_value=0)
        .astype("int64")
    )
    counts.columns.name = None
    return counts.assign(users=counts.sum(axis="columns"))


def what_stands_out(offers: pd.DataFrame, perk_names: Mapping[str, str]) -> str:
    """Say which perk is given most, which least, and which to nobody."""
    users = offers["users"]
    total = int(users.sum())

    def names_with(number: int) -> list[str]:
        return [perk_names[str(perk)] for perk in users.index[users == number]]

    def given(number: int, how_often: str) -> str:
        names = names_with(number)
        verb, each = ("is", "") if len(names) == 1 else ("are", " each")
        return f"{words.listed(names)} {verb} {how_often} to {_customers_of(number, total)}{each}."

    top, bottom = int(users.max()), int(users[users > 0].min())
    said = [given(top, "given most often," if bottom < top else "given")]
    if bottom < top:
        said.append(given(bottom, "given least often,"))
    if unused := names_with(0):
        said.append(f"Nobody gets {words.listed(unused)}.")
    return " ".join(said)


def how_sure(offers: pd.DataFrame) -> str:
    """Say for how many customers the evidence carries the perk, and for how many it does not."""
    total = int(offers["users"].sum())
    unsure = int(offers["weak"].sum() + offers["none"].sum())
    none = int(offers["none"].sum())
    text = (
        f"The evidence is strong for {_customers_of(int(offers['strong'].sum()), total)} "
        f"and fair for {_customers_of(int(offers['fair'].sum()), total)}."
    )
    if unsure:
        text += (
            f" For {_customers_of(unsure, total)} the perk is a best guess: "
            "the runner-up may suit just as well."
        )
    if none:
        text += f" Among these, {words.customers(none)} showed no behaviour that tells perks apart."
    return text


def _customers_of(part: int, whole: int) -> str:
    return f"{words.customers(part)} ({words.share(part, whole)})"
