-- One row a user of the cohort, from the cleaned tables `users`, `sessions`, `flights`,
-- `hotels`. Parameters: $start_date, $min_sessions, $latest_day.
-- Sums run over integers (microseconds, metres, micro-dollars, ten-thousandths) and DECIMALs
-- only, so that no order of rows changes a bit; a mean is one division of two integers.
WITH
"window" AS (
    SELECT
        *,
        NOT cancellation AND trip_id IS NOT NULL AND (flight_booked OR hotel_booked) AS is_booking,
        flight_discount OR hotel_discount AS is_offer
    FROM sessions
    WHERE session_start >= $start_date::TIMESTAMP
),
behaviour AS (
    SELECT
        user_id,
        count(*) AS n_sessions,
        count(*) FILTER (NOT cancellation) AS n_visits,
        count(*) FILTER (NOT cancellation AND is_offer) AS n_offer_visits,
        count(*) FILTER (is_booking) AS n_bookings,
        count(*) FILTER (is_booking AND is_offer) AS n_offer_bookings,
        coalesce(sum(page_clicks) FILTER (NOT cancellation), 0) AS clicks,
        coalesce(
            sum(epoch_us(session_end) - epoch_us(session_start)) FILTER (NOT cancellation), 0
        ) AS microseconds,
        coalesce(sum((flight_discount_amount * 10_000)::BIGINT) FILTER (is_booking), 0)
            + coalesce(sum((hotel_discount_amount * 10_000)::BIGINT) FILTER (is_booking), 0)
            AS discounts,
        count(flight_discount_amount) FILTER (is_booking)
            + count(hotel_discount_amount) FILTER (is_booking) AS n_discounts
    FROM "window"
    GROUP BY user_id
    HAVING count(*) >= $min_sessions
),
cancellations AS (
    SELECT DISTINCT user_id, trip_id
    FROM "window"
    WHERE cancellation AND trip_id IS NOT NULL
),
cancelled AS (
    SELECT user_id, count(*) AS n_cancellations FROM cancellations GROUP BY user_id
),
-- A trip is what a booking books; booked twice, its earliest booking counts.
trips AS (
    SELECT user_id, trip_id, session_start, flight_discount_amount, hotel_discount_amount
    FROM "window"
    WHERE is_booking
    QUALIFY row_number() OVER (PARTITION BY trip_id ORDER BY session_start, session_id) = 1
),
trip AS (
    SELECT
        trips.user_id,
        cancellations.trip_id IS NOT NULL AS is_cancelled,
        cancellations.trip_id IS NULL AND flights.trip_id IS NOT NULL AS has_flight,
        cancellations.trip_id IS NULL AND hotels.trip_id IS NOT NULL AS has_stay,
        CASE WHEN cancellations.trip_id IS NULL
            THEN coalesce(flights.departure_time, hotels.check_in_time) END AS leaves,
        epoch_us(leaves) - epoch_us(trips.session_start) AS lead_microseconds,
        flights.checked_bags,
        flights.seats,
        flights.base_fare_usd,
        -- Haversine, in metres; the Earth's mean radius is 6371.0088 km.
        sin(radians(flights.destination_airport_lat - users.home_airport_lat) / 2) ** 2
            + cos(radians(users.home_airport_lat)) * cos(radians(flights.destination_airport_lat))
            * sin(radians(flights.destination_airport_lon - users.home_airport_lon) / 2) ** 2
            AS haversine,
        CASE WHEN haversine IS NOT NULL
            THEN round(2 * 6371008.8 * asin(least(1, sqrt(haversine))))::BIGINT END AS metres,
        hotels.nights,
        hotels.rooms,
        hotels.hotel_per_room_usd,
        -- A DECIMAL of over 18 digits: two of 18 or less multiply in 64 bits, and overflow.
        round(
            flights.base_fare_usd::DECIMAL(24, 6)
            * (1 - coalesce(trips.flight_discount_amount, 0)::DECIMAL(5, 4)), 2
        ) AS flight_usd,
        round(
            hotels.hotel_per_room_usd::DECIMAL(24, 6)
            * (1 - coalesce(trips.hotel_discount_amount, 0)::DECIMAL(5, 4))
            * hotels.nights::DECIMAL(7, 0) * hotels.rooms::DECIMAL(7, 0), 2
        ) AS hotel_usd
    FROM trips
    SEMI JOIN behaviour USING (user_id)
    JOIN users ON trips.user_id = users.user_id
    LEFT JOIN cancellations
        ON trips.trip_id = cancellations.trip_id AND trips.user_id = cancellations.user_id
    LEFT JOIN flights ON trips.trip_id = flights.trip_id
    LEFT JOIN hotels ON trips.trip_id = hotels.trip_id
),
travel AS (
    SELECT
        user_id,
        count(*) AS n_trips,
        count(*) FILTER (is_cancelled) AS n_cancelled_trips,
        count(*) FILTER (NOT is_cancelled) AS n_travelled_trips,
        count(*) FILTER (has_flight) AS n_flights,
        count(*) FILTER (has_stay) AS n_hotels,
        count(*) FILTER (has_flight AND has_stay) AS n_bundles,
        count(*) FILTER (has_stay AND NOT has_flight) AS n_hotel_only,
        coalesce(sum(checked_bags) FILTER (has_flight), 0) AS checked_bags,
        coalesce(sum(seats) FILTER (has_flight), 0) AS seats,
        (sum(base_fare_usd) FILTER (has_flight) * 1_000_000)::HUGEINT AS base_fares,
        sum(metres) FILTER (has_flight) AS metres,
        count(metres) FILTER (has_flight) AS n_distances,
        coalesce(sum(flight_usd) FILTER (has_flight), 0) AS flight_spend_usd,
        sum(lead_microseconds) AS lead_microseconds,
        count(leaves) AS n_timed_trips,
        count(*) FILTER (isodow(leaves) IN (5, 6, 7)) AS n_weekend_trips,
        coalesce(sum(nights) FILTER (has_stay), 0) AS total_nights,
        count(nights) FILTER (has_stay) AS n_known_stays,
        sum(rooms) FILTER (has_stay) AS rooms,
        (sum(hotel_per_room_usd) FILTER (has_stay) * 1_000_000)::HUGEINT AS room_prices,
        coalesce(sum(hotel_usd) FILTER (has_stay), 0) AS hotel_spend_usd
    FROM trip
    GROUP BY user_id
)
SELECT
    behaviour.user_id,
    n_sessions,
    share(clicks, n_visits) AS mean_page_clicks,
    share(microseconds, n_visits * 1_000_000) AS mean_session_seconds,
    coalesce(n_trips, 0) AS n_trips,
    share(n_bookings, n_visits) AS booking_rate,
    coalesce(n_cancellations, 0) AS n_cancellations,
    share(n_cancelled_trips, n_trips) AS cancellation_rate,
    coalesce(n_flights, 0) AS n_flights,
    coalesce(n_hotels, 0) AS n_hotels,
    share(n_bundles, n_travelled_trips) AS bundle_rate,
    share(n_offer_visits, n_visits) AS discount_offer_rate,
    share(n_offer_bookings, n_bookings) AS discount_booking_rate,
    share(discounts, n_discounts * 10_000) AS mean_discount,
    coalesce(checked_bags, 0)::BIGINT AS checked_bags,
    share(checked_bags, seats) AS bags_per_seat,
    share(base_fares, n_flights * 1_000_000) AS mean_base_fare_usd,
    share(metres, n_distances * 1_000) AS mean_distance_km,
    share(lead_microseconds, n_timed_trips * 86_400_000_000) AS mean_lead_days,
    share(n_weekend_trips, n_timed_trips) AS weekend_rate,
    coalesce(total_nights, 0)::BIGINT AS total_nights,
    share(total_nights, n_known_stays) AS mean_nights,
    share(rooms, n_hotels) AS mean_rooms,
    share(room_prices, n_hotels * 1_000_000) AS mean_hotel_per_room_usd,
    coalesce(hotel_spend_usd, 0)::DOUBLE AS hotel_spend_usd,
    coalesce(flight_spend_usd, 0)::DOUBLE AS flight_spend_usd,
    date_diff('day', sign_up_date, $latest_day::DATE) / 30.4375 AS months_since_sign_up,
    n_visits,
    n_bookings,
    n_offer_visits,
    n_offer_bookings,
    coalesce(n_cancelled_trips, 0) AS n_cancelled_trips,
    coalesce(n_travelled_trips, 0) AS n_travelled_trips,
    coalesce(n_bundles, 0) AS n_bundles,
    coalesce(n_hotel_only, 0) AS n_hotel_only,
    coalesce(seats, 0)::BIGINT AS seats,
    coalesce(n_known_stays, 0) AS n_known_stays,
    coalesce(n_weekend_trips, 0) AS n_weekend_trips,
    coalesce(n_timed_trips, 0) AS n_timed_trips
FROM behaviour
JOIN users ON behaviour.user_id = users.user_id
LEFT JOIN travel ON behaviour.user_id = travel.user_id
LEFT JOIN cancelled ON behaviour.user_id = cancelled.user_id
ORDER BY behaviour.user_id
