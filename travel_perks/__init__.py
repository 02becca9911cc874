"""Travel Perks: the one perk that suits each active customer."""

__version__ = "0.1.0"
