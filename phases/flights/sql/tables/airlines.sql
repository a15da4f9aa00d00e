select *
from read_csv(
    'data/raw/airlines.csv.gz', header = true, auto_detect = false, delim = ',', quote = '"', nullstr = 'NA',
    columns = {
        carrier: 'VARCHAR', name: 'VARCHAR'
    }
)
order by carrier
