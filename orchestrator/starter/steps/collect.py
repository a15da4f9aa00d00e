"""data/temperatures.csv → build/readings.json, without the readings that cannot be true."""

import csv
import json

with open("data/temperatures.csv", newline="") as file:
    rows = list(csv.DictReader(file))

readings = [{"day": row["day"], "celsius": float(row["celsius"])} for row in rows if -60 < float(row["celsius"]) < 60]

with open("build/readings.json", "w") as file:
    json.dump({"kept": len(readings) / len(rows), "readings": readings}, file, indent=2)

print(f"{len(readings)} of {len(rows)} readings kept")
