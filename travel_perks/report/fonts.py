"""The report's fonts: the DejaVu files that ship with matplotlib, so no machine has to have any."""

from functools import cache
from pathlib import Path

import matplotlib as mpl
from reportlab.pdfbase.pdfmetrics import registerFontFamily
from svglib.fonts import FontMap

# The families as a chart names them, and ReportLab's names for the faces.
SANS_FAMILY, MONO_FAMILY = "DejaVu Sans", "DejaVu Sans Mono"
REGULAR, BOLD, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"
# How matplotlib writes a bold weight into SVG.
BOLD_WEIGHT = 700


def font_file(name: str) -> str:
    """The file of a face, by its ReportLab name."""
    return str(Path(mpl.get_data_path(), "fonts", "ttf", f"{name}.ttf"))


@cache
def embedded_fonts() -> FontMap:
    """Register the faces with ReportLab, once; return the map from SVG text to them.

    A map without these would ask the machine's font configuration for a substitute.
    """
    fonts = FontMap()
    fonts.register_font(SANS_FAMILY, font_file(REGULAR), rlgFontName=REGULAR)
    fonts.register_font(SANS_FAMILY, font_file(BOLD), weight=str(BOLD_WEIGHT), rlgFontName=BOLD)
    fonts.register_font(MONO_FAMILY, font_file(MONO), rlgFontName=MONO)
    for name in (REGULAR, BOLD, MONO):
        registerFontFamily(name, normal=name, bold=name, italic=name, boldItalic=name)
    return fonts
