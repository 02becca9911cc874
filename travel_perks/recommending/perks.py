"""The perks and the behaviours that speak for them, as declared in the perks file.

A behaviour is a rate per user: `of` out of `out_of` (a share) or `of` per `per` (a count).
A perk weighs behaviours. Nothing here knows a particular perk.
"""

import string
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    StringConstraints,
    ValidationError,
)

from travel_perks import strict_yaml
from travel_perks.errors import ConfigurationError

# The whole-number columns of the features table that a behaviour can count.
COUNT_COLUMNS = (
    "n_sessions",
    "n_visits",
    "n_offer_visits",
    "n_bookings",
    "n_offer_bookings",
    "n_trips",
    "n_cancelled_trips",
    "n_cancellations",
    "n_travelled_trips",
    "n_flights",
    "n_hotels",
    "n_bundles",
    "n_hotel_only",
    "checked_bags",
    "seats",
    "total_nights",
    "n_known_stays",
    "n_weekend_trips",
    "n_timed_trips",
)


class _Number(float):
    """A number in a `says` template; the format `one|many` picks a word by whether it is 1."""

    def __format__(self, spec: str) -> str:
        if "|" in spec:
            one, many = spec.split("|")
            return one if float(self) == 1 else many
        return format(float(self), spec or ".15g")


def _nearest(name: str, known: list[str]) -> str:
    """The end of an error sentence: the nearest known name, or all of them."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}."


def _check_column(name: str) -> str:
    if name not in COUNT_COLUMNS:
        raise ValueError(
            f"'{name}' is no column that can be counted; {_nearest(name, list(COUNT_COLUMNS))}"
        )
    return name


def _check_text(text: str) -> str:
    """Text that is published: one line, and no start that a spreadsheet runs as a formula."""
    if not text.isprintable() or not (text[:1].isalnum() or text[:1] == "{"):
        raise ValueError("the text must be one line that starts with a letter, a digit or '{'.")
    return text


Identifier = Annotated[StrictStr, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Column = Annotated[StrictStr, AfterValidator(_check_column)]
Text = Annotated[StrictStr, AfterValidator(_check_text)]
Weight = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Behaviour(_Closed):
    name: Identifier
    of: Column
    says: Text
    among: Text = "users"


class Share(_Behaviour):
    """A beta-binomial behaviour: `of` successes out of `out_of` trials."""

    family: Literal["share"]
    out_of: Column

    @property
    def exposure(self) -> str:
        """The column of the trials."""
        return self.out_of


class Count(_Behaviour):
    """A gamma-Poisson behaviour: `of` events per unit of the exposure `per`."""

    family: Literal["count"]
    per: Column

    @property
    def exposure(self) -> str:
        """The column of the exposure."""
        return self.per


Behaviour = Annotated[Share | Count, Field(discriminator="family")]


class Perk(_Closed):
    """A perk: the weights of its behaviours, and the behaviour that would prove it."""

    id: Identifier
    name: Text
    weights: dict[Identifier, Weight] = Field(min_length=1)
    outcome: Identifier


class Perks(_Closed):
    """The perks file. The order of `perks` breaks ties."""

    behaviours: tuple[Behaviour, ...] = Field(min_length=1)
    perks: tuple[Perk, ...] = Field(min_length=2)

    @property
    def ids(self) -> list[str]:
        """The ids of the perks, in order."""
        return [perk.id for perk in self.perks]


def load_perks(text: str) -> Perks:
    """The declared behaviours and perks of a perks file, checked.

    `text` is YAML. Raises ConfigurationError, naming the section and the key.
    """
    try:
        content = strict_yaml.parse(text)
    except ValueError as error:
        raise ConfigurationError(f"The perks file is not readable as YAML: {error}.") from error
    try:
        perks = Perks.model_validate(content)
    except ValidationError as error:
        raise _finding(error, content) from error
    for behaviour in perks.behaviours:
        _check_says(behaviour)
    _check_names(perks)
    return perks


def render(behaviour: Share | Count, of: float, exposure: float) -> str:
    """The `says` template of a behaviour, filled with one user's numbers."""
    key = "out_of" if behaviour.family == "share" else "per"
    values = {"rate": _Number(of / exposure), "of": _Number(of), key: _Number(exposure)}
    return behaviour.says.format(**values)


def _wrong(where: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"The perks file is wrong at {where}: {what}")


def _check_says(behaviour: Share | Count) -> None:
    """Refuse a template that names anything but this behaviour's own numbers."""
    where = f"behaviours > {behaviour.name} > says"
    known = ["rate", "of", "out_of" if behaviour.family == "share" else "per"]
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(behaviour.says)]
        for field in fields:
            if field is not None and field not in known:
                raise _wrong(where, f"'{{{field}}}' is not a number here; {_nearest(field, known)}")
        _check_text(render(behaviour, of=1, exposure=2))
    except ValueError as error:
        raise _wrong(where, f"the template cannot be filled ({error}).") from error


def _check_names(perks: Perks) -> None:
    """Refuse repeated names, unknown behaviours and weights that say nothing."""
    names = [behaviour.name for behaviour in perks.behaviours]
    for section, ids in (("behaviours", names), ("perks", perks.ids)):
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise _wrong(section, f"'{repeated[0]}' is there twice; rename or remove one.")
    for perk in perks.perks:
        for key, used in (("weights", list(perk.weights)), ("outcome", [perk.outcome])):
            for name in used:
                if name not in names:
                    what = f"'{name}' is not a declared behaviour; {_nearest(name, names)}"
                    raise _wrong(f"perks > {perk.id} > {key}", what)
        if not any(perk.weights.values()):
            raise _wrong(f"perks > {perk.id} > weights", "at least one must differ from 0.")


def _finding(error: ValidationError, content: Any) -> ConfigurationError:
    """The telling finding of pydantic as one sentence: where, what, and what to do."""
    # A mistyped key is found twice, as missing and as unknown: the unknown one can be mended.
    first = min(error.errors(), key=lambda finding: finding["type"] != "extra_forbidden")
    location, found = first["loc"], first["input"]
    match first["type"]:
        case "extra_forbidden":
            known = _nearest(str(location[-1]), _keys(location))
            what = f"this key is not known; {known}"
        case "value_error":
            what = str(first["ctx"]["error"])
        case "missing":
            what = "this key is missing; add it."
        case "too_short":
            what = f"at least {first['ctx']['min_length']} must be declared."
        case "model_type":
            what = "keys with values are expected, such as 'name: Free meal'."
        case "union_tag_not_found" | "union_tag_invalid":
            what = "the family must be share or count."
        case "string_type":
            what = f"'{found}' is not text; put it in quotes."
        case "string_pattern_mismatch":
            what = f"'{found}' must be small letters, digits and _, and start with a letter."
        case _:
            what = f"{first['msg'][0].lower()}{first['msg'][1:]}."
    return _wrong(_path(location, content), what)


def _path(location: tuple[int | str, ...], content: Any) -> str:
    """Where a finding is, with items named by their id or name, else counted from 1."""
    steps = []
    for step in location:
        if isinstance(step, int):
            content = content[step]
            item = content if isinstance(content, dict) else {}
            steps.append(str(item.get("id", item.get("name", f"item {step + 1}"))))
        elif step not in ("share", "count", "[key]"):  # pydantic's own marks
            content = content.get(step) if isinstance(content, dict) else None
            steps.append(step)
    return " > ".join(steps) or "its top level"


def _keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys that are known at the place of an unknown one."""
    if len(location) == 1:
        return list(Perks.model_fields)
    if location[0] == "perks":
        return list(Perk.model_fields)
    return list((Share if "share" in location else Count).model_fields)
