select *
from read_csv(
    'data/raw/weather.csv.gz', header = true, auto_detect = false, delim = ',', quote = '"', nullstr = 'NA',
    columns = {
        origin: 'VARCHAR', year: 'SMALLINT', month: 'TINYINT', day: 'TINYINT', hour: 'TINYINT',
        temp: 'DOUBLE', dewp: 'DOUBLE', humid: 'DOUBLE',
        wind_dir: 'SMALLINT', wind_speed: 'DOUBLE', wind_gust: 'DOUBLE',
        precip: 'DOUBLE', pressure: 'DOUBLE', visib: 'DOUBLE', time_hour: 'TIMESTAMP'
    }
)
order by time_hour, origin
