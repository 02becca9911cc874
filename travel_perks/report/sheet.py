"""An empty chart to draw on: matplotlib below, a vector drawing for the page above."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from reportlab.graphics.shapes import Drawing
from svglib.svglib import svg2rlg

from travel_perks.report.fonts import (
    BOLD,
    BOLD_WEIGHT,
    REGULAR,
    SANS_FAMILY,
    embedded_fonts,
    font_file,
)
from travel_perks.report.palette import INK

Colour = str | tuple[float, float, float, float]

TEXT_SIZE = 7.5

_POINTS_PER_INCH = 72
# Of the font size: the height of a capital letter, and the way from line to line.
_CAPITAL, _LEADING = 0.73, 1.25


class Sheet:
    """A chart whose coordinates are points from its upper left corner.

    So text and cells keep their size and place whatever the data. Text stays text: it is set
    in the report's own embedded fonts. No state of pyplot is used or left.
    """

    def __init__(self, width: float, height: float) -> None:
        with _own_style():
            self._figure = Figure(figsize=(width / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
            self._figure.patch.set_visible(False)
            self._axes = self._figure.add_axes((0, 0, 1, 1))
            self._axes.set_axis_off()
            self._axes.set(xlim=(0, width), ylim=(height, 0))

    def box(
        self,
        left: float,
        top: float,
        *,
        width: float,
        height: float,
        colour: Colour,
        edge: str = "none",
    ) -> None:
        """Draw a filled rectangle."""
        self._axes.add_patch(
            Rectangle((left, top), width, height, facecolor=colour, edgecolor=edge, linewidth=0.4)
        )

    def write(
        self,
        left: float,
        middle: float,
        text: str,
        *,
        size: float = TEXT_SIZE,
        bold: bool = False,
        align: Literal["left", "center", "right"] = "left",
        colour: str = INK,
    ) -> None:
        """Write one or more lines of plain text, centred on the height `middle`."""
        font = FontProperties(
            family=SANS_FAMILY,
            weight=BOLD_WEIGHT if bold else "normal",
            fname=font_file(BOLD if bold else REGULAR),
            size=size,
        )
        lines = text.split("\n")
        # Lines are set by their baselines, so that they stay level whatever letters they hold.
        baseline = middle + size * (_CAPITAL / 2 - _LEADING * (len(lines) - 1) / 2)
        with _own_style():
            for place, line in enumerate(lines):
                self._axes.text(
                    left,
                    baseline + place * size * _LEADING,
                    line,
                    ha=align,
                    va="baseline",
                    color=colour,
                    fontproperties=font,
                )

    def drawing(self) -> Drawing:
        """The chart as a ReportLab drawing."""
        svg = io.BytesIO()
        with _own_style():
            self._figure.savefig(svg, format="svg", metadata={"Date": None})
        svg.seek(0)
        drawing: Drawing = svg2rlg(svg, font_map=embedded_fonts())
        # Else the page would start each drawing in a font that is not embedded.
        drawing.initialFontName = REGULAR
        return drawing


@contextmanager
def _own_style() -> Iterator[None]:
    """Matplotlib's own defaults, so that no settings file of the machine has a say."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc("svg", fonttype="none", hashsalt="travel_perks")
        mpl.rc("text", parse_math=False)
        yield
