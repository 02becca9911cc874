"""The report's colours: blue and orange, which colour-blind readers can tell apart."""

ACCENT = "#1F5A8C"
INK = "#1E2833"
MUTED = "#66727F"
RULE = "#D5DBE1"
STRIPE = "#F4F6F8"

# Light to dark, so that the order also survives a grey print.
EVIDENCE_COLOURS = {
    "none": "#D9DDE2",
    "weak": "#B3CEE5",
    "fair": "#6399C6",
    "strong": "#1F5A8C",
}

# Below, at and above the cohort's mean.
DIVERGING = ("#A8500F", "#F3B77E", "#FFFFFF", "#8DB8DC", "#1F5A8C")
EMPTY_CELL = "#ECEEF1"
