-- Each clean flight with what is known about its weather, plane, airports and airline. One row in, one row out.
select
    flight.*,
    weather.temp, weather.dewp, weather.wind_speed, weather.wind_gust, weather.precip, weather.visib,
    plane.year as built, plane.seats,
    airline.name as airline,
    weather.origin is not null as has_weather,
    plane.tailnum is not null as has_plane,
    there.faa is not null as has_airport,
    airline.carrier is not null as has_airline,
    -- the great circle in miles: `distance` says the same from another source, so a wrong match shows
    2 * 3958.8 * asin(sqrt(
        pow(sin(radians(there.lat - here.lat) / 2), 2)
        + cos(radians(here.lat)) * cos(radians(there.lat)) * pow(sin(radians(there.lon - here.lon) / 2), 2)
    )) as great_circle
from read_parquet('build/clean.parquet') as flight
-- the weather of the hour before: that of the scheduled hour may be measured after departure
left join read_parquet('build/raw/weather.parquet') as weather
    on weather.origin = flight.origin and weather.time_hour = flight.time_hour - interval 1 hour
left join read_parquet('build/raw/planes.parquet') as plane on plane.tailnum = flight.tailnum
left join read_parquet('build/raw/airports.parquet') as here on here.faa = flight.origin
left join read_parquet('build/raw/airports.parquet') as there on there.faa = flight.dest
left join read_parquet('build/raw/airlines.parquet') as airline on airline.carrier = flight.carrier
order by flight.scheduled, flight.carrier, flight.flight, flight.origin
