"""The perks file: what is read from it, and what is said when it is wrong."""

from pathlib import Path

import pytest

from tests.generators import PERK_IDS
from travel_perks.errors import ConfigurationError
from travel_perks.recommending.perks import load_perks, render

SHIPPED = (Path(__file__).parents[2] / "config" / "perks.yaml").read_text("utf-8")
BAGS = """\
  - name: bags_per_seat
    family: count
    of: checked_bags
    per: seats
    among: flyers
    says: "{rate:.1f} checked bags a seat flown"
"""


def test_the_shipped_file_declares_the_five_perks_in_order() -> None:
    perks = load_perks(SHIPPED)
    assert tuple(perks.ids) == PERK_IDS
    assert [perk.name for perk in perks.perks] == [
        "Free checked bag",
        "No cancellation fees",
        "Exclusive discounts",
        "One night free hotel with flight",
        "Free hotel meal",
    ]
    assert perks.perks[4].weights == {"hotel_only_rate": 1.0, "nights_per_trip": 1.0}


def test_a_sixth_perk_over_declared_behaviours_is_read() -> None:
    sixth = "  - {id: suite, name: Suite, weights: {nights_per_trip: 2, bundle_rate: -1},"
    perks = load_perks(f"{SHIPPED}{sixth} outcome: nights_per_trip}}\n")
    assert perks.ids[-1] == "suite"
    assert perks.perks[-1].weights == {"nights_per_trip": 2.0, "bundle_rate": -1.0}


@pytest.mark.parametrize(
    ("behaviour", "of", "exposure", "expected"),
    [
        ("cancellation_rate", 1, 1, "1 of 1 booked trip cancelled"),
        ("cancellation_rate", 2, 3, "2 of 3 booked trips cancelled"),
        ("cancellation_rate", 0, 1_000_000, "0 of 1000000 booked trips cancelled"),
        ("bags_per_seat", 3, 2, "1.5 checked bags a seat flown"),
    ],
)
def test_says_is_filled_with_numbers_and_the_right_word(
    behaviour: str, of: float, exposure: float, expected: str
) -> None:
    declared = {each.name: each for each in load_perks(SHIPPED).behaviours}
    assert render(declared[behaviour], of, exposure) == expected


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (
            "{bags_per_seat: 1}",
            "{bags_per_seet: 1}",
            "at perks > free_checked_bag > weights: 'bags_per_seet' is not a declared behaviour; "
            "did you mean 'bags_per_seat'?",
        ),
        (
            "per: seats",
            "per: seat",
            "at behaviours > bags_per_seat > per: 'seat' is no column that can be counted; "
            "did you mean 'seats'?",
        ),
        (
            "    weights: {can",
            "    wieghts: {can",
            "at perks > no_cancellation_fees > wieghts: this key is not known; "
            "did you mean 'weights'?",
        ),
        ("\nperks:", "\nperkz:", "at perkz: this key is not known; did you mean 'perks'?"),
        ("outcome: bundle_rate", "outcome: bundles", "did you mean 'bundle_rate'?"),
        ("out_of: n_trips", "per: n_trips", "at behaviours > cancellation_rate > per: this key"),
        (BAGS, BAGS.replace("count", "cuont"), "the family must be share or count"),
        (BAGS, BAGS.replace("    family: count\n", ""), "the family must be share or count"),
        (BAGS, BAGS.replace("    of: checked_bags\n", ""), "bags_per_seat > of: this key is miss"),
        (BAGS, BAGS + BAGS, "at behaviours: 'bags_per_seat' is there twice"),
        ("id: no_cancellation_fees", "id: free_checked_bag", "'free_checked_bag' is there twice"),
        ("id: free_checked_bag", "id: Free-bag", "'Free-bag' must be small letters, digits and _"),
        ("id: no_cancellation_fees", "id: no", "'False' is not text; put it in quotes"),
        ("{bags_per_seat: 1}", "{bags_per_seat: .nan}", "input should be a finite number"),
        ("{bags_per_seat: 1}", "{bags_per_seat: 0}", "at least one must differ from 0"),
        ("{bags_per_seat: 1}", "{}", "free_checked_bag > weights: at least 1 must be declared"),
        ("{bags_per_seat: 1}", "{bags_per_seat: 1, bags_per_seat: 2}", "'bags_per_seat' is there"),
        ("{rate:.1f} checked", "{rat:.1f} checked", "did you mean 'rate'?"),
        ("{rate:.1f} checked", "{rate.real} checked", "'{rate.real}' is not a number here"),
        ("{rate:.1f} checked", "{rate:q} checked", "the template cannot be filled"),
        ("{rate:.1f} checked", "{rate checked", "the template cannot be filled"),
        ("{rate:.1f} checked", "=SUM(A1) {rate:.1f}", "starts with a letter, a digit or '{'"),
        ("{rate:.1f} checked", "{rate:+.1f} checked", "starts with a letter, a digit or '{'"),
        ("name: Free checked bag", "name: '@bag'", "starts with a letter, a digit or '{'"),
        ("\nbehaviours:", "\nbehaviours: [", "not readable as YAML: line "),
    ],
)
def test_a_wrong_file_is_one_sentence_with_the_place(right: str, wrong: str, expected: str) -> None:
    assert right in SHIPPED
    with pytest.raises(ConfigurationError) as caught:
        load_perks(SHIPPED.replace(right, wrong, 1))
    message = str(caught.value)
    assert message.startswith("The perks file is ")
    assert expected in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["", "- a", "perks", SHIPPED.split("  - id: no_canc")[0]])
def test_a_file_without_two_perks_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="The perks file is wrong at "):
        load_perks(text)
