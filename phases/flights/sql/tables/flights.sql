-- Types are spelt out: a column that changes its meaning upstream should fail here, not be guessed into another type.
select *
from read_csv(
    'data/raw/flights.csv.gz', header = true, auto_detect = false, delim = ',', quote = '"', nullstr = 'NA',
    columns = {
        year: 'SMALLINT', month: 'TINYINT', day: 'TINYINT',
        dep_time: 'SMALLINT', sched_dep_time: 'SMALLINT', dep_delay: 'SMALLINT',
        arr_time: 'SMALLINT', sched_arr_time: 'SMALLINT', arr_delay: 'SMALLINT',
        carrier: 'VARCHAR', flight: 'INTEGER', tailnum: 'VARCHAR', origin: 'VARCHAR', dest: 'VARCHAR',
        air_time: 'SMALLINT', distance: 'SMALLINT', hour: 'TINYINT', minute: 'TINYINT', time_hour: 'TIMESTAMP'
    }
)
order by time_hour, minute, carrier, flight, origin
