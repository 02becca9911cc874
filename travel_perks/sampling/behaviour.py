"""What the sample's customers do, as numbers: who they are, their visits, trips, cancellations.

Each customer has one planted favourite perk. It shifts a single habit away from the neutral
customer's; everything else is drawn alike for all, so that no other trace of it is left.
Times are seconds since 1970 (UTC), days are days since 1970.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from travel_perks.sampling.draws import Curve, Draws, Flags, Floats, Ints
from travel_perks.sampling.places import AIRLINES, AIRPORTS, HOTEL_CHAINS, destinations_apart

DAY = 86_400


@dataclass(frozen=True)
class Habits:
    """How a customer travels. Booking, cancelling and kinds of trip are shares 0..1."""

    bags_per_seat: float = 0.45
    cancels: float = 0.07
    books_with_offer: float = 0.38
    books_without_offer: float = 0.38
    bundles: float = 0.5
    stays_only: float = 0.25
    stay_factor: float = 1.0


NEUTRAL = Habits()

# The offer changes when a fan of discounts books, not how often: 0.27 of visits have one.
FANS = {
    "free_checked_bag": replace(NEUTRAL, bags_per_seat=0.95),
    "no_cancellation_fees": replace(NEUTRAL, cancels=0.29),
    "exclusive_discounts": replace(NEUTRAL, books_with_offer=0.72, books_without_offer=0.25),
    "one_night_free_hotel_with_flight": replace(NEUTRAL, bundles=0.8, stays_only=0.1),
    "free_hotel_meal": replace(NEUTRAL, bundles=0.32, stays_only=0.5, stay_factor=1.5),
}
PERKS = tuple(FANS)
_PERK_SHARES = (22, 19, 20, 18, 21)


def _day(date: str) -> int:
    return int(np.datetime64(date, "D").astype(np.int64))


_FIRST_VISIT, _LAST_VISIT = _day("2022-12-01"), _day("2023-07-27")
_LAST_SECOND = _day("2023-07-29") * DAY - 1
_SIGN_UP: Curve = (
    (0, _day("2021-07-22")),
    (0.2, _day("2022-09-15")),
    (0.4, _day("2023-01-04")),
    (0.7, _day("2023-01-27")),
    (0.95, _day("2023-03-10")),
    (1, _day("2023-05-18")),
)
_VISITS = 7.5
_OLD_TRIPS = 1.3
_EAGERNESS: Curve = ((0, 0.6), (0.5, 1), (1, 1.4))
_PACKING: Curve = ((0, 0.6), (0.5, 1), (1, 1.4))
_TIME_OF_DAY: Curve = (
    (0, 0),
    (0.05, 3.5 * 3600),
    (0.2, 10 * 3600),
    (0.4, 15 * 3600),
    (0.6, 18.3 * 3600),
    (0.85, 21 * 3600),
    (1, DAY - 1),
)
# Discounts of 0.05, 0.10, ... 0.60.
_FLIGHT_OFFER, _FLIGHT_DISCOUNTS = 0.165, (210, 320, 190, 110, 65, 40, 20, 12, 8, 4, 2, 1)
_HOTEL_OFFER, _HOTEL_DISCOUNTS = 0.125, (310, 370, 180, 85, 35, 13, 5, 2, 1)
_LOOKING_CLICKS: Curve = ((0, 1), (0.05, 2), (0.25, 4), (0.5, 8), (0.75, 14), (0.95, 32), (1, 250))
_BOOKING_CLICKS: Curve = ((0, 8), (0.05, 12), (0.5, 20), (0.75, 27), (0.95, 50), (1, 260))
_CANCELLING_CLICKS: Curve = ((0, 10), (0.25, 63), (0.5, 148), (0.7, 200), (1, 200))
_SECONDS_A_CLICK, _CANCELLING_SECONDS_A_CLICK = 7.4, 42.0

_LEAD_DAYS: Curve = ((0, 0), (0.05, 3), (0.25, 5), (0.5, 7), (0.75, 9), (0.95, 17), (1, 60))
_DEPARTURE_HOURS = {7: 34, **dict.fromkeys(range(8, 17), 7), **dict.fromkeys(range(17, 23), 0.3)}
_DAYS_AWAY: Curve = ((0, 0.4), (0.03, 1.5), (0.4, 3.2), (0.6, 4), (0.8, 5.5), (0.95, 11), (1, 26))
_EARLY_CHECK_OUT = 0.2
_ONE_WAY = 0.043
_SEATS = (85, 11, 3, 1)
_ROOMS = (84, 13, 3)
_ROOM_USD: Curve = (
    (0, 17),
    (0.05, 55),
    (0.25, 99),
    (0.5, 149),
    (0.75, 223),
    (0.95, 400),
    (1, 1300),
)
_FARE_NOISE: Curve = ((0, 0.6), (0.5, 1), (1, 1.4))
_CHECK_OUT_HOUR = 11


@dataclass(frozen=True)
class Customers:
    """Customers in the order of the users file; `home` is an index into AIRPORTS."""

    user_id: Ints
    favourite: Ints
    sign_up_day: Ints
    home: Ints


@dataclass(frozen=True)
class Sessions:
    """Sessions; `customer` and `trip` are row numbers, -1 is no trip.

    `flight_offer` and `hotel_offer` count steps of 5 % discount, 0 is no offer.
    """

    customer: Ints
    start: Ints
    microseconds: Ints
    flight_offer: Ints
    hotel_offer: Ints
    trip: Ints
    clicks: Ints
    cancellation: Flags


@dataclass(frozen=True)
class Trips:
    """Booked trips. Every trip has flight and stay columns; the flags say which are real."""

    customer: Ints
    booked_at: Ints
    has_flight: Flags
    has_hotel: Flags
    destination: Ints
    departure: Ints
    days_away: Ints
    one_way: Flags
    seats: Ints
    bags: Ints
    airline: Ints
    fare_noise: Floats
    chain: Ints
    rooms: Ints
    room_usd: Ints
    check_in_ms: Ints
    check_out: Ints


def draw_customers(users: int, seed: int) -> Customers:
    """Customers with distinct ids above 500,000, in no order."""
    draws = Draws(seed, "customers")
    ids = 500_000 + np.cumsum(1 + (draws.uniform(users) * 3).astype(np.int64))
    return Customers(
        user_id=ids[np.argsort(draws.uniform(users), kind="stable")],
        favourite=draws.weighted(_PERK_SHARES, users),
        sign_up_day=draws.curve(_SIGN_UP, users).astype(np.int64),
        home=draws.weighted([airport.homes for airport in AIRPORTS], users),
    )


def draw_activity(customers: Customers, seed: int, strength: float) -> tuple[Sessions, Trips]:
    """All sessions by start time, and all trips: those of a session first, then the old ones.

    Old trips were booked before the first session of the export, so no session names them.
    """
    visits = _draw_visits(customers, seed, strength)
    booking = np.flatnonzero(visits.trip >= 0)
    old_customer, old_booked_at = _draw_old_bookings(customers, seed)
    trips = _draw_trips(
        customers,
        np.concatenate([visits.customer[booking], old_customer]),
        np.concatenate([visits.start[booking], old_booked_at]),
        seed,
        strength,
    )
    cancellations = _draw_cancellations(customers, trips, len(booking), seed, strength)
    return _by_start(visits, cancellations), trips


def _habit(name: str, customers: Customers, customer: Ints, strength: float) -> Floats:
    """One habit of each of `customer`: the neutral one, moved towards the fan's by `strength`."""
    neutral = getattr(NEUTRAL, name)
    levels = [neutral + strength * (getattr(fan, name) - neutral) for fan in FANS.values()]
    return np.array(levels)[customers.favourite[customer]]


def _draw_visits(customers: Customers, seed: int, strength: float) -> Sessions:
    draws = Draws(seed, "visits")
    users = len(customers.user_id)
    counts = 1 + draws.poisson(np.full(users, _VISITS))
    eagerness = draws.curve(_EAGERNESS, users)
    customer = np.repeat(np.arange(users), counts)
    size = len(customer)

    first_day = np.maximum(customers.sign_up_day, _FIRST_VISIT)[customer]
    share = draws.uniform(size)
    share *= 0.7 + 0.3 * share  # people look more soon after they sign up
    day = first_day + (share * (_LAST_VISIT + 1 - first_day)).astype(np.int64)

    flight_offer = _draw_offer(draws, _FLIGHT_OFFER, _FLIGHT_DISCOUNTS, size)
    hotel_offer = _draw_offer(draws, _HOTEL_OFFER, _HOTEL_DISCOUNTS, size)
    books = np.where(
        flight_offer + hotel_offer > 0,
        _habit("books_with_offer", customers, customer, strength),
        _habit("books_without_offer", customers, customer, strength),
    )
    booked = draws.chance(books * eagerness[customer], size)
    clicks = np.where(
        booked, draws.curve(_BOOKING_CLICKS, size), draws.curve(_LOOKING_CLICKS, size)
    ).astype(np.int64)
    return Sessions(
        customer=customer,
        start=day * DAY + draws.curve(_TIME_OF_DAY, size).astype(np.int64),
        microseconds=_session_length(draws, clicks, _SECONDS_A_CLICK),
        flight_offer=flight_offer,
        hotel_offer=hotel_offer,
        trip=np.where(booked, np.cumsum(booked) - 1, -1),
        clicks=clicks,
        cancellation=np.zeros(size, dtype=np.bool_),
    )


def _draw_offer(draws: Draws, share: float, discounts: tuple[int, ...], size: int) -> Ints:
    return np.where(draws.chance(share, size), 1 + draws.weighted(discounts, size), 0)


def _session_length(draws: Draws, clicks: Ints, seconds_a_click: float) -> Ints:
    """Microseconds; a second at least."""
    pace = 0.6 + 0.8 * draws.uniform(len(clicks))
    return np.maximum(clicks * seconds_a_click * pace * 1e6, 1e6).astype(np.int64)


def _draw_old_bookings(customers: Customers, seed: int) -> tuple[Ints, Ints]:
    """Customer and time of the bookings made before the export's first session."""
    draws = Draws(seed, "old bookings")
    days = np.maximum(_FIRST_VISIT - 30 - customers.sign_up_day, 0)
    counts = draws.poisson(np.where(days > 0, _OLD_TRIPS, 0.0))
    customer = np.repeat(np.arange(len(days)), counts)
    seconds = draws.uniform(len(customer)) * days[customer] * DAY
    return customer, customers.sign_up_day[customer] * DAY + seconds.astype(np.int64)


def _draw_trips(
    customers: Customers, customer: Ints, booked_at: Ints, seed: int, strength: float
) -> Trips:
    draws = Draws(seed, "trips")
    size = len(customer)
    bundles = _habit("bundles", customers, customer, strength)
    stays_only = _habit("stays_only", customers, customer, strength)
    kind = draws.uniform(size)
    has_hotel = kind < bundles + stays_only
    has_flight = (kind < bundles) | ~has_hotel

    day = booked_at // DAY + 1 + draws.curve(_LEAD_DAYS, size).astype(np.int64)
    hours = np.array(list(_DEPARTURE_HOURS))
    hour = hours[draws.weighted(list(_DEPARTURE_HOURS.values()), size)]
    stay_factor = _habit("stay_factor", customers, customer, strength)
    days_away = np.maximum(draws.curve(_DAYS_AWAY, size) * stay_factor, 0).astype(np.int64)
    seats = 1 + draws.weighted(_SEATS, size)
    packing = draws.curve(_PACKING, len(customers.user_id))[customer]
    bags_per_seat = _habit("bags_per_seat", customers, customer, strength) * packing
    to_hotel_ms = (7_200_000 + draws.uniform(size) * 18_000_000).astype(np.int64) // 15 * 15
    leaves_early = draws.chance(_EARLY_CHECK_OUT, size) & has_flight & (days_away > 1)
    return Trips(
        customer=customer,
        booked_at=booked_at,
        has_flight=has_flight,
        has_hotel=has_hotel,
        destination=destinations_apart(
            customers.home[customer],
            draws.weighted([airport.visits for airport in AIRPORTS], size),
        ),
        departure=day * DAY + hour * 3600,
        days_away=days_away,
        one_way=draws.chance(_ONE_WAY, size),
        seats=seats,
        bags=draws.poisson(np.maximum(bags_per_seat, 0) * seats),
        airline=draws.weighted(list(AIRLINES.values()), size),
        fare_noise=draws.curve(_FARE_NOISE, size),
        chain=draws.weighted([1] * len(HOTEL_CHAINS), size),
        rooms=1 + draws.weighted(_ROOMS, size),
        room_usd=draws.curve(_ROOM_USD, size).astype(np.int64),
        check_in_ms=np.where(
            has_flight,
            (day * DAY + hour * 3600) * 1000 + to_hotel_ms,
            (day * DAY + _CHECK_OUT_HOUR * 3600) * 1000,
        ),
        check_out=(day + days_away - leaves_early) * DAY + _CHECK_OUT_HOUR * 3600,
    )


def _draw_cancellations(
    customers: Customers, trips: Trips, booked_in_sessions: int, seed: int, strength: float
) -> Sessions:
    """Sessions that cancel some of the first `booked_in_sessions` trips, before they begin.

    As in the real export, such a session has every flag set, whatever was booked, and no amount.
    """
    draws = Draws(seed, "cancellations")
    cancels = _habit("cancels", customers, trips.customer[:booked_in_sessions], strength)
    trip = np.flatnonzero(draws.chance(cancels, booked_in_sessions))
    booked_at = trips.booked_at[trip]
    begins = np.minimum(trips.departure[trip], trips.check_in_ms[trip] // 1000)
    latest = np.minimum(begins, _LAST_SECOND) - booked_at
    share = draws.uniform(len(trip))
    clicks = draws.curve(_CANCELLING_CLICKS, len(trip)).astype(np.int64)
    nothing = np.zeros(len(trip), dtype=np.int64)
    return Sessions(
        customer=trips.customer[trip],
        start=booked_at + 300 + (share * share * (latest - 600)).astype(np.int64),
        microseconds=_session_length(draws, clicks, _CANCELLING_SECONDS_A_CLICK),
        flight_offer=nothing,
        hotel_offer=nothing,
        trip=trip,
        clicks=clicks,
        cancellation=np.ones(len(trip), dtype=np.bool_),
    )


def _by_start(visits: Sessions, cancellations: Sessions) -> Sessions:
    names = [field.name for field in fields(Sessions)]
    both = {n: np.concatenate([getattr(visits, n), getattr(cancellations, n)]) for n in names}
    order = np.argsort(both["start"], kind="stable")
    return Sessions(**{name: values[order] for name, values in both.items()})
