"""The report's charts: customers per perk, and the clusters' profile."""

import itertools
import math
import textwrap
from collections.abc import Mapping

import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from reportlab.graphics.shapes import Drawing
from reportlab.lib.utils import simpleSplit

from travel_perks.report import words
from travel_perks.report.clusters import SHOWN_FEATURES, ClusterProfile
from travel_perks.report.facts import EVIDENCE
from travel_perks.report.fonts import REGULAR, embedded_fonts
from travel_perks.report.palette import (
    DIVERGING,
    EMPTY_CELL,
    EVIDENCE_COLOURS,
    INK,
    MUTED,
    RULE,
)
from travel_perks.report.sheet import TEXT_SIZE, Colour, Sheet

# More rows than this go to a further chart, so that every chart fits a page.
BARS_A_CHART = 12
ROWS_A_CHART = 20
# Distances beyond this many standard deviations share the darkest colour.
CLIP = 1.5

# Lengths are in points.
BAR_LABEL_WIDTH = 150
MOST_LABEL_LINES = 4
# Even in capitals, a word of this many letters fits beside a bar.
_LONGEST_WORD = 20
_BARS_LEFT = BAR_LABEL_WIDTH + 8
_BAR_VALUE_WIDTH = 108
_BAR_ROW_HEIGHT = 24
_BAR_THICKNESS = 14
_SMALL = 6.5
_LEGEND_HEIGHT = 24
_HEAT_LABEL_WIDTH = 64
_HEAT_HEADING_HEIGHT = 26
_HEAT_ROW_HEIGHT = 24
_HEAT_COLOURS = LinearSegmentedColormap.from_list("distance", DIVERGING)


def draw_offers(offers: pd.DataFrame, perk_names: Mapping[str, str], width: float) -> list[Drawing]:
    """Draw users per perk as bars, stacked by evidence; `width` in points.

    `offers` is the table of `count_offers`. Returns one or more charts on one scale.
    """
    users = offers["users"]
    total = int(users.sum())
    scale = (width - _BARS_LEFT - _BAR_VALUE_WIDTH) / max(int(users.max()), 1)
    drawings = []
    for start in range(0, len(offers), BARS_A_CHART):
        part = offers.iloc[start : start + BARS_A_CHART]
        labels = [label_lines(perk_names[str(perk)]) for perk in part.index]
        heights = [max(_BAR_ROW_HEIGHT, 10 + 10 * len(lines)) for lines in labels]
        bottom = sum(heights)
        sheet = Sheet(width, bottom + _LEGEND_HEIGHT)
        ends = itertools.accumulate(heights)
        for lines, height, end, (_, counts) in zip(
            labels, heights, ends, part.iterrows(), strict=True
        ):
            middle = end - height / 2
            number = int(counts["users"])
            sheet.write(0, middle, "\n".join(lines))
            _stacked_bar(sheet, middle, counts, scale)
            label = f"{words.count(number)} ({words.share(number, total)})"
            sheet.write(_BARS_LEFT + number * scale + 6, middle, label, bold=True)
        sheet.box(_BARS_LEFT - 0.5, 0, width=0.5, height=bottom, colour=MUTED)
        _evidence_legend(sheet, bottom + _LEGEND_HEIGHT / 2 + 2)
        drawings.append(sheet.drawing())
    return drawings


def draw_profile(profile: ClusterProfile, width: float) -> list[Drawing]:
    """Draw the clusters' profile as a heatmap; `width` in points.

    A row is a cluster, a column a shown feature. The colour is the distance from the cohort,
    clipped at `CLIP` standard deviations; the number is the cluster's mean.
    """
    drawings = []
    for start in range(0, len(profile.sizes), ROWS_A_CHART):
        sizes = profile.sizes.iloc[start : start + ROWS_A_CHART]
        bottom = _HEAT_HEADING_HEIGHT + _HEAT_ROW_HEIGHT * len(sizes)
        sheet = Sheet(width, bottom + _LEGEND_HEIGHT)
        for row, (cluster, size) in enumerate(sizes.items()):
            middle = _HEAT_HEADING_HEIGHT + (row + 0.5) * _HEAT_ROW_HEIGHT
            sheet.write(0, middle - 5, f"Cluster {cluster}", bold=True)
            sheet.write(0, middle + 5, words.count(size), size=_SMALL, colour=MUTED)
        _heat_cells(sheet, profile, slice(start, start + ROWS_A_CHART), width)
        _distance_legend(sheet, bottom + _LEGEND_HEIGHT / 2 + 2)
        drawings.append(sheet.drawing())
    return drawings


def label_lines(name: str) -> list[str]:
    """Break a perk's name into lines that fit beside its bar; the table has it in full."""
    embedded_fonts()
    cut = " ".join(piece for word in name.split() for piece in textwrap.wrap(word, _LONGEST_WORD))
    lines: list[str] = simpleSplit(cut, REGULAR, TEXT_SIZE, BAR_LABEL_WIDTH)
    if len(lines) > MOST_LABEL_LINES:
        lines = [*lines[: MOST_LABEL_LINES - 1], "\N{HORIZONTAL ELLIPSIS}"]
    return lines


def _stacked_bar(sheet: Sheet, middle: float, counts: "pd.Series[int]", scale: float) -> None:
    """Draw one bar, the surest evidence first; `scale` in points a user."""
    left: float = _BARS_LEFT
    for evidence in reversed(EVIDENCE):
        length = int(counts[evidence]) * scale
        if length:
            sheet.box(
                left,
                middle - _BAR_THICKNESS / 2,
                width=length,
                height=_BAR_THICKNESS,
                colour=EVIDENCE_COLOURS[evidence],
            )
        left += length


def _evidence_legend(sheet: Sheet, middle: float) -> None:
    left: float = _BARS_LEFT
    for evidence in reversed(EVIDENCE):
        sheet.box(left, middle - 4, width=8, height=8, colour=EVIDENCE_COLOURS[evidence])
        name = "no" if evidence == "none" else evidence
        sheet.write(left + 12, middle, f"{name} evidence", size=_SMALL, colour=MUTED)
        left += 82


def _heat_cells(sheet: Sheet, profile: ClusterProfile, rows: slice, width: float) -> None:
    """Draw the headings and the cells of some of the profile's rows."""
    cell_width = (width - _HEAT_LABEL_WIDTH) / len(SHOWN_FEATURES)
    for column, feature in enumerate(SHOWN_FEATURES):
        left = _HEAT_LABEL_WIDTH + column * cell_width
        middle = left + cell_width / 2
        sheet.write(middle, 11, feature.heading, size=_SMALL, align="center", colour=MUTED)
        means = profile.means[feature.name].iloc[rows]
        distances = profile.distances[feature.name].iloc[rows]
        for row, (mean, distance) in enumerate(zip(means, distances, strict=True)):
            top = _HEAT_HEADING_HEIGHT + row * _HEAT_ROW_HEIGHT
            colour, ink = _cell_colours(distance)
            sheet.box(
                left, top, width=cell_width, height=_HEAT_ROW_HEIGHT, colour=colour, edge=RULE
            )
            value = feature.as_text(mean)
            sheet.write(
                middle, top + _HEAT_ROW_HEIGHT / 2, value, size=7, align="center", colour=ink
            )


def _cell_colours(distance: float) -> tuple[Colour, str]:
    """The colour of a cell at this distance (in sd), and of the text on it."""
    if math.isnan(distance):
        return EMPTY_CELL, INK
    strength = min(max(distance / CLIP, -1.0), 1.0)
    red, green, blue, alpha = _HEAT_COLOURS((strength + 1) / 2)
    is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
    return (red, green, blue, alpha), "white" if is_dark else INK


def _distance_legend(sheet: Sheet, middle: float) -> None:
    steps = 9
    left: float = _HEAT_LABEL_WIDTH
    sheet.write(left, middle, f"{CLIP} sd or more below", size=_SMALL, colour=MUTED)
    left += 88
    for step in range(steps):
        colour = _HEAT_COLOURS(step / (steps - 1))
        sheet.box(left, middle - 4, width=12, height=8, colour=colour, edge=RULE)
        left += 12
    above = f"{CLIP} sd or more above the cohort's mean"
    sheet.write(left + 8, middle, above, size=_SMALL, colour=MUTED)
