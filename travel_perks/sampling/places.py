"""What the sample travels between and with: airports, airlines, hotel chains."""

from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

import numpy as np

from travel_perks.sampling.draws import Ints

_EARTH_RADIUS_KM = 6371.0088


class Airport(NamedTuple):
    """An airport; `homes` and `visits` weigh how often one lives or travels there."""

    code: str
    city: str
    country: str
    latitude: float
    longitude: float
    homes: float
    visits: float


# The airports of one city stand side by side: `destinations_apart` relies on it.
AIRPORTS = (
    Airport("JFK", "new york", "usa", 40.64, -73.779, 26, 35),
    Airport("LGA", "new york", "usa", 40.777, -73.872, 28, 35),
    Airport("LAX", "los angeles", "usa", 33.942, -118.408, 27, 36),
    Airport("DAL", "dallas", "usa", 32.847, -96.852, 10, 14),
    Airport("ORD", "chicago", "usa", 41.979, -87.904, 8, 12),
    Airport("MDW", "chicago", "usa", 41.786, -87.752, 8, 12),
    Airport("IAH", "houston", "usa", 29.984, -95.341, 8, 10),
    Airport("HOU", "houston", "usa", 29.645, -95.279, 7, 10),
    Airport("PHX", "phoenix", "usa", 33.434, -112.012, 8, 14),
    Airport("PHL", "philadelphia", "usa", 39.872, -75.241, 8, 14),
    Airport("SAT", "san antonio", "usa", 29.534, -98.47, 6, 12),
    Airport("SAN", "san diego", "usa", 32.734, -117.19, 8, 12),
    Airport("SJC", "san jose", "usa", 37.363, -121.929, 6, 9),
    Airport("AUS", "austin", "usa", 30.195, -97.67, 6, 9),
    Airport("IND", "indianapolis", "usa", 39.717, -86.294, 5, 9),
    Airport("SFO", "san francisco", "usa", 37.619, -122.375, 6, 9),
    Airport("JAX", "jacksonville", "usa", 30.494, -81.688, 4, 8),
    Airport("CLT", "charlotte", "usa", 35.214, -80.943, 4, 8),
    Airport("CMH", "columbus", "usa", 39.998, -82.892, 4, 7),
    Airport("SEA", "seattle", "usa", 47.449, -122.309, 4, 7),
    Airport("ELP", "el paso", "usa", 31.807, -106.378, 3, 7),
    Airport("DTW", "detroit", "usa", 42.212, -83.353, 3, 7),
    Airport("BWI", "baltimore", "usa", 39.175, -76.668, 4, 6),
    Airport("DEN", "denver", "usa", 39.862, -104.673, 4, 6),
    Airport("LAS", "las vegas", "usa", 36.08, -115.152, 3, 6),
    Airport("FAT", "fresno", "usa", 36.776, -119.718, 3, 6),
    Airport("BOS", "boston", "usa", 42.364, -71.005, 5, 6),
    Airport("MEM", "memphis", "usa", 35.042, -89.977, 4, 6),
    Airport("PDX", "portland", "usa", 45.589, -122.597, 3, 6),
    Airport("DCA", "washington", "usa", 38.852, -77.038, 3, 3),
    Airport("IAD", "washington", "usa", 38.945, -77.456, 3, 3),
    Airport("BNA", "nashville", "usa", 36.124, -86.678, 5, 6),
    Airport("OKC", "oklahoma city", "usa", 35.393, -97.601, 3, 5),
    Airport("SDF", "louisville", "usa", 38.174, -85.736, 4, 5),
    Airport("TUS", "tucson", "usa", 32.116, -110.941, 3, 5),
    Airport("MKE", "milwaukee", "usa", 42.947, -87.897, 4, 4),
    Airport("MIA", "miami", "usa", 25.793, -80.291, 4, 1),
    Airport("MCI", "kansas city", "usa", 39.298, -94.714, 5, 1),
    Airport("MSP", "minneapolis", "usa", 44.882, -93.222, 3, 1),
    Airport("ATL", "atlanta", "usa", 33.637, -84.428, 3, 1),
    Airport("YYZ", "toronto", "canada", 43.677, -79.631, 9, 14),
    Airport("YTZ", "toronto", "canada", 43.627, -79.396, 8, 14),
    Airport("YUL", "montreal", "canada", 45.468, -73.741, 10, 16),
    Airport("YYC", "calgary", "canada", 51.114, -114.02, 8, 12),
    Airport("YOW", "ottawa", "canada", 45.323, -75.669, 6, 9),
    Airport("YVR", "vancouver", "canada", 49.195, -123.182, 5, 6),
    Airport("YEG", "edmonton", "canada", 53.31, -113.58, 4, 6),
    Airport("YWG", "winnipeg", "canada", 49.91, -97.234, 4, 6),
    Airport("YQB", "quebec", "canada", 46.791, -71.393, 3, 5),
    Airport("LHR", "london", "uk", 51.471, -0.462, 0, 1.5),
    Airport("CDG", "paris", "france", 49.013, 2.55, 0, 1.5),
    Airport("AMS", "amsterdam", "netherlands", 52.309, 4.764, 0, 1),
    Airport("FCO", "rome", "italy", 41.804, 12.251, 0, 1.5),
    Airport("LIS", "lisbon", "portugal", 38.781, -9.136, 0, 1),
    Airport("IST", "istanbul", "turkey", 41.261, 28.742, 0, 1),
    Airport("DXB", "dubai", "united arab emirates", 25.253, 55.364, 0, 1),
    Airport("BKK", "bangkok", "thailand", 13.681, 100.747, 0, 1.5),
    Airport("SIN", "singapore", "singapore", 1.35, 103.994, 0, 2),
    Airport("HKG", "hong kong", "china", 22.309, 113.915, 0, 1),
    Airport("HND", "tokyo", "japan", 35.552, 139.78, 0, 1),
    Airport("SYD", "sydney", "australia", -33.946, 151.177, 0, 0.5),
    Airport("HNL", "honolulu", "usa", 21.319, -157.922, 0, 1),
    Airport("MEX", "mexico city", "mexico", 19.436, -99.072, 0, 1),
)

AIRLINES = {
    "Delta Air Lines": 16,
    "American Airlines": 15,
    "United Airlines": 14,
    "Southwest Airlines": 8,
    "Ryanair": 7,
    "JetBlue Airways": 6,
    "Allegiant Air": 5,
    "Air Canada": 5,
    "WestJet": 3,
    "Alaska Airlines": 3,
    "Porter Airlines": 2,
    "Air France": 1,
    "Lufthansa": 1,
    "Spirit Airlines": 1,
}

HOTEL_CHAINS = (
    "Accor",
    "Aman Resorts",
    "Banyan Tree",
    "Best Western",
    "Choice Hotels",
    "Conrad",
    "Crowne Plaza",
    "Extended Stay",
    "Fairmont",
    "Four Seasons",
    "Hilton",
    "Hyatt",
    "InterContinental",
    "Marriott",
    "NH Hotel",
    "Radisson",
    "Rosewood",
    "Shangri-La",
    "Starwood",
    "Wyndham",
)

_CITIES = list(dict.fromkeys(airport.city for airport in AIRPORTS))
_CITY_OF_AIRPORT = np.array([_CITIES.index(airport.city) for airport in AIRPORTS])
_HALF_WAY = len(AIRPORTS) // 2


def destinations_apart(home: Ints, drawn: Ints) -> Ints:
    """`drawn` airports, those in the city of `home` replaced by one of another city."""
    elsewhere = (drawn + _HALF_WAY) % len(AIRPORTS)
    return np.where(_CITY_OF_AIRPORT[home] == _CITY_OF_AIRPORT[drawn], elsewhere, drawn)


def kilometres(origin: Ints, destination: Ints) -> Ints:
    """Great-circle distance between two airports each, to the whole kilometre."""
    return _distance_table()[origin, destination]


@cache
def _distance_table() -> Ints:
    return np.array([[_distance(a, b) for b in AIRPORTS] for a in AIRPORTS], dtype=np.int64)


def _distance(a: Airport, b: Airport) -> int:
    north, east = radians(b.latitude - a.latitude), radians(b.longitude - a.longitude)
    parallels = cos(radians(a.latitude)) * cos(radians(b.latitude))
    chord = sin(north / 2) ** 2 + parallels * sin(east / 2) ** 2
    return round(2 * _EARTH_RADIUS_KM * asin(sqrt(chord)))
