-- What is known about a flight at its scheduled departure, and (arr_delay) what is to be predicted.
with flight as (
    select *, scheduled + to_minutes(dep_delay) as departed from read_parquet('build/joined.parquet')
),

-- How late were those that really left this airport in the hours before? `departed` keeps it honest: a flight that
-- was due but still stood at its gate is not counted, for its delay was not known then.
recent as (
    select
        flight.scheduled, flight.carrier, flight.flight, flight.origin,
        count(*) as departures,
        avg(other.dep_delay) as airport_delay,
        avg(least(other.dep_delay, 120)) filter (where other.carrier = flight.carrier) as carrier_delay
    from flight
    inner join flight as other
        on other.origin = flight.origin
        and other.departed < flight.scheduled
        and other.departed >= flight.scheduled - to_hours(getvariable('window_hours')::int)
    group by all
),

-- How late was the same plane when it last left New York that day?
previous as (
    select
        flight.scheduled, flight.carrier, flight.flight, flight.origin,
        max_by(other.dep_delay, other.departed) as plane_delay
    from flight
    inner join flight as other
        on other.tailnum = flight.tailnum and other.day = flight.day and other.departed < flight.scheduled
    group by all
)

select
    make_date(year, month, day) as date,
    scheduled, carrier, flight, origin, dest,
    hour::double as hour,
    distance::double as distance,
    year - built::double as plane_age,
    seats::double as seats,
    temp,
    temp - dewp as dew_gap,
    wind_speed,
    coalesce(wind_gust, wind_speed) as wind_gust,  -- no gust is reported in steady wind
    (precip > 0)::double as wet,
    greatest(0, 5 - visib) as fog,
    coalesce(departures, 0)::double as recent_departures,
    coalesce(airport_delay, 0) as recent_airport_delay,
    coalesce(carrier_delay, airport_delay, 0) as recent_carrier_delay,
    coalesce(plane_delay, 0)::double as plane_delay,
    -- delays pile up over the day: the same delay weighs more in the evening
    coalesce(airport_delay, 0) * greatest(0, hour - 6) as evening_delay,
    arr_delay::double as arr_delay
from flight
left join recent using (scheduled, carrier, flight, origin)
left join previous using (scheduled, carrier, flight, origin)
order by scheduled, carrier, flight, origin
