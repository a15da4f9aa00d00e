select *
from read_csv(
    'data/raw/airports.csv.gz', header = true, auto_detect = false, delim = ',', quote = '"', nullstr = 'NA',
    columns = {
        faa: 'VARCHAR', name: 'VARCHAR', lat: 'DOUBLE', lon: 'DOUBLE', alt: 'SMALLINT',
        tz: 'TINYINT', dst: 'VARCHAR', tzone: 'VARCHAR'
    }
)
order by faa
