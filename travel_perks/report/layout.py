"""How a report page looks: fonts, text styles, tables, header and footer."""

import io
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from travel_perks.report.fonts import BOLD, MONO, REGULAR, embedded_fonts
from travel_perks.report.palette import ACCENT, INK, MUTED, RULE, STRIPE

PRODUCT = "Travel Perks"
MARGIN = 18 * mm
TEXT_WIDTH = A4[0] - 2 * MARGIN

# What Platypus keeps free inside a frame, on each side.
_FRAME_PADDING = 6
_HEADER_HEIGHT = 7 * mm


def _style(name: str, size: float, leading: float, **more: object) -> ParagraphStyle:
    defaults = {"fontName": REGULAR, "bulletFontName": REGULAR, "textColor": HexColor(INK)}
    return ParagraphStyle(name, fontSize=size, leading=leading, **(defaults | more))


TITLE = _style("title", 19, 24, fontName=BOLD, textColor=HexColor(ACCENT), spaceAfter=5)
HEADING = _style("heading", 10.5, 14, fontName=BOLD, spaceBefore=12, spaceAfter=4)
LEAD = _style("lead", 10, 15, spaceAfter=4)
BODY = _style("body", 8.5, 12.5, spaceAfter=5)
CELL = _style("cell", 7.5, 10)
CELL_HEADING = _style("cell_heading", 7, 9.5, fontName=BOLD, textColor=HexColor(MUTED))
CELL_HEADING_RIGHT = ParagraphStyle("cell_heading_right", CELL_HEADING, alignment=2)
CELL_MONO = _style("cell_mono", 6.5, 10, fontName=MONO)
FIGURE = _style("figure", 17, 21, fontName=BOLD, textColor=HexColor(ACCENT))
CAPTION = _style("caption", 7.5, 10.5, textColor=HexColor(MUTED))


def text(content: str, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of plain text: nothing in it is markup."""
    return Paragraph(escape(content), style)


def title(content: str) -> list[Flowable]:
    """Start a new page with its title."""
    return [PageBreak(), text(content, TITLE)]


def heading(content: str) -> list[Flowable]:
    """A heading, with room for something below it on the same page."""
    return [CondPageBreak(32 * mm), text(content, HEADING)]


def data_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str | Flowable]],
    widths: Sequence[float],
    numeric: Sequence[int] = (),
    extra: Sequence[tuple[object, ...]] = (),
) -> Table:
    """A table that repeats its header on each page.

    Text wraps; the columns of `numeric` are set to the right. `widths` are parts of the
    text width. `extra` are further ReportLab style commands.
    """
    cells = [
        [
            text(name, CELL_HEADING_RIGHT if place in numeric else CELL_HEADING)
            for place, name in enumerate(header)
        ],
        *([_cell(value, place in numeric) for place, value in enumerate(row)] for row in rows),
    ]
    commands = [
        ("FONT", (0, 0), (-1, -1), REGULAR, 7.5, 10),
        ("TEXTCOLOR", (0, 0), (-1, -1), HexColor(INK)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, HexColor(ACCENT)),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, HexColor(RULE)),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        *(("ALIGN", (place, 0), (place, -1), "RIGHT") for place in numeric),
        # Text that follows a number needs air, or the two read as one.
        *(
            ("LEFTPADDING", (place + 1, 0), (place + 1, -1), 14)
            for place in numeric
            if place + 1 not in numeric
        ),
        *extra,
    ]
    points = [TEXT_WIDTH * width / sum(widths) for width in widths]
    return Table(cells, points, repeatRows=1, style=commands, hAlign="LEFT")


def figures(pairs: Sequence[tuple[str, str]]) -> Table:
    """A strip of large figures, each with its caption below."""
    cells = [[[text(value, FIGURE), text(caption, CAPTION)] for value, caption in pairs]]
    commands = [
        ("BACKGROUND", (0, 0), (-1, -1), HexColor(STRIPE)),
        ("LINEBEFORE", (1, 0), (-1, -1), 4, HexColor("#FFFFFF")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 7),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
        ("LEFTPADDING", (0, 0), (-1, -1), 10),
        ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ("FONT", (0, 0), (-1, -1), REGULAR, 7.5, 10),
    ]
    return Table(cells, [TEXT_WIDTH / len(pairs)] * len(pairs), style=commands, hAlign="LEFT")


def gap(height: float) -> Spacer:
    """Empty space, `height` in points."""
    return Spacer(1, height)


def render_pdf(make_story: Callable[[], list[Flowable]]) -> bytes:
    """Set the story on A4 pages and return the PDF.

    The story is set twice, since "page x of y" needs to know y: the first time to count.
    """
    embedded_fonts()
    pages, _ = _set_pages(make_story(), of=0)
    return _set_pages(make_story(), of=pages)[1]


def _cell(value: str | Flowable, numeric: bool) -> str | Flowable:
    return value if numeric or isinstance(value, Flowable) else text(value, CELL)


def _set_pages(story: list[Flowable], of: int) -> tuple[int, bytes]:
    """Return how many pages the story takes, and the PDF with `of` as their number."""

    def frame_page(canvas: Canvas, document: SimpleDocTemplate) -> None:
        _header_and_footer(canvas, f"Page {document.page} of {of}")

    pdf = io.BytesIO()
    document = SimpleDocTemplate(
        pdf,
        pagesize=A4,
        leftMargin=MARGIN - _FRAME_PADDING,
        rightMargin=MARGIN - _FRAME_PADDING,
        topMargin=MARGIN + _HEADER_HEIGHT - _FRAME_PADDING,
        bottomMargin=MARGIN,
        title=f"{PRODUCT}: report",
        author=PRODUCT,
        subject="Who gets which perk, and why",
        creator=PRODUCT,
        lang="en",
        displayDocTitle=True,
        initialFontName=REGULAR,
        pageCompression=1,
        invariant=1,
    )
    document.build(story, onFirstPage=frame_page, onLaterPages=frame_page)
    return document.page, pdf.getvalue()


def _header_and_footer(canvas: Canvas, page: str) -> None:
    width, height = A4
    canvas.saveState()
    canvas.setStrokeColor(HexColor(RULE))
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, height - MARGIN - 2, width - MARGIN, height - MARGIN - 2)
    canvas.line(MARGIN, MARGIN - 6, width - MARGIN, MARGIN - 6)
    canvas.setFillColor(HexColor(ACCENT))
    canvas.setFont(BOLD, 8.5)
    canvas.drawString(MARGIN, height - MARGIN + 4, PRODUCT)
    canvas.setFillColor(HexColor(MUTED))
    canvas.setFont(REGULAR, 7.5)
    canvas.drawRightString(width - MARGIN, height - MARGIN + 4, "One perk for each active customer")
    canvas.drawRightString(width - MARGIN, MARGIN - 16, page)
    canvas.restoreState()
