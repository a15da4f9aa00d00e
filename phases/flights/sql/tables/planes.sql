select *
from read_csv(
    'data/raw/planes.csv.gz', header = true, auto_detect = false, delim = ',', quote = '"', nullstr = 'NA',
    columns = {
        tailnum: 'VARCHAR', year: 'SMALLINT', type: 'VARCHAR', manufacturer: 'VARCHAR', model: 'VARCHAR',
        engines: 'TINYINT', seats: 'SMALLINT', speed: 'SMALLINT', engine: 'VARCHAR'
    }
)
order by tailnum
