-- Every flight with the reason why it cannot be used, or null. The first reason counts.
select
    *,
    -- time_hour is the scheduled hour in UTC: unlike the local clock it never jumps
    time_hour + to_minutes(minute) as scheduled,
    case
        when dep_time is null then 'cancelled'
        when arr_delay is null or air_time is null then 'diverted'
        when origin = dest
            or air_time <= 0
            or 60.0 * distance / air_time not between getvariable('min_mph') and getvariable('max_mph')
            then 'impossible'
        -- late by more than a day is a wrong date rather than a delay; so is leaving two hours early
        when arr_delay not between -180 and 1440 or dep_delay not between -120 and 1440 then 'impossible'
        when row_number() over (partition by scheduled, carrier, flight, origin order by dep_time) > 1 then 'duplicate'
    end as dropped
from read_parquet('build/raw/flights.parquet')
order by scheduled, carrier, flight, origin
