#!/usr/bin/env python3
"""Measures the audit engine against unzip, DuckDB and jq in one run, and compares the rows.

    audit.py ANSWERS LINES ZIP [ZIP-OF-ONE-MEMBER] [--rounds N] [--jq]

ANSWERS is the release build of the example `audit_answers`, LINES and ZIP are written by
`xtask synth audit` with the same seed. Needs unzip, DuckDB for Python, and jq where asked for.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

READ = """read_json('{source}', format='newline_delimited', maximum_object_size=33554432, columns={{
  auditID: 'VARCHAR', stage: 'VARCHAR', verb: 'VARCHAR', userAgent: 'VARCHAR', requestURI: 'VARCHAR',
  objectRef: 'STRUCT(resource VARCHAR, apiGroup VARCHAR, name VARCHAR, namespace VARCHAR)',
  requestReceivedTimestamp: 'TIMESTAMP', stageTimestamp: 'TIMESTAMP'}})"""
LATENCY = "epoch_us(stageTimestamp) - epoch_us(requestReceivedTimestamp)"
DUCK = """
import duckdb, json, sys
db = duckdb.connect()
db.execute("SET threads=2"); db.execute("SET enable_progress_bar=false")
db.execute("CREATE TABLE e AS SELECT verb, userAgent AS agent, coalesce(objectRef.apiGroup || '/', '') || objectRef.resource AS resource, "
           "requestReceivedTimestamp AS t, {latency} AS us FROM {read} WHERE stage = 'ResponseComplete'")
top = db.execute("SELECT agent, count(*) FROM e GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10").fetchall()
bins = db.execute("SELECT agent, epoch(time_bucket(INTERVAL 5 MINUTE, t))::BIGINT, count(*), sum(us)::BIGINT // count(*) FROM e WHERE verb <> 'watch' GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
p99 = db.execute("SELECT verb, resource, count(*), quantile_disc(us, 0.99) FROM e WHERE verb <> 'watch' AND agent = ? GROUP BY 1, 2 ORDER BY 1, 2", [top[0][0]]).fetchall()
json.dump([top, bins, p99], sys.stdout)
"""
# Not timed: a watch that began and did not end is a request as well.
REQUESTS = """
import duckdb, json, sys
db = duckdb.connect(); db.execute("SET enable_progress_bar=false")
json.dump(db.execute("SELECT agent, count(*) FROM (SELECT any_value(userAgent) AS agent FROM {read} "
  "WHERE stage IN ('ResponseComplete', 'Panic') OR (stage = 'ResponseStarted' AND verb = 'watch') GROUP BY auditID) "
  "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10").fetchall(), sys.stdout)
"""
JQ_LINES = """select(.stage == "ResponseComplete") | [.userAgent, .verb, .objectRef.apiGroup, .objectRef.resource,
  .requestReceivedTimestamp, .stageTimestamp] | @tsv"""


def run(name, command, shell=False):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    process = subprocess.Popen(command, shell=shell, stdout=subprocess.PIPE)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if status:
        sys.exit(f"{name} failed: {status}")
    return wall, cpu, usage.ru_maxrss / 1024, out


def compare(ours, theirs, top):
    """Checks the three queries row by row; the 99th percentile within one step of the histogram."""
    _, bins, p99 = json.loads(theirs)
    ours = json.loads(ours)
    mine = [[row["key"], row["requests"]] for row in ours["agents"]][:10]
    assert mine == top, (mine, top)
    seconds = lambda text: int(time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))) - time.timezone
    mine = sorted([row["agent"], seconds(row["start"]), row["requests"], row["mean"]] for row in ours["latency"])
    assert mine == sorted(bins), "bins differ"
    near = {}
    for row in ours["busiest"]:
        key = (row["verb"], row["resource"])
        near.setdefault(key, []).append((row["requests"], row["p99"]))
    for verb, name, count, value in p99:
        rows = near[(verb, name)]
        assert sum(requests for requests, _ in rows) == count, (verb, name)
        if len(rows) == 1:
            assert abs(rows[0][1] - value) <= value * 0.01, (verb, name, rows, value)
    return len(top) + len(bins) + len(p99)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("answers")
    parser.add_argument("lines")
    parser.add_argument("zip")
    parser.add_argument("one", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jq", action="store_true")
    parser.add_argument("--product", help="the program itself: everything, to a finished HTML report")
    parser.add_argument("--no-duck-pipe", action="store_true", help="leaves out unzip | DuckDB")
    args = parser.parse_args()
    duck = lambda source: DUCK.format(latency=LATENCY, read=" ".join(READ.format(source=source).split()))
    tools = [
        ("unzip -p > /dev/null", f"unzip -p {args.zip} > /dev/null", True),
        ("konspect, zip, 2 threads", [args.answers, args.zip, "2"], False),
        ("konspect, zip, 1 thread", [args.answers, args.zip, "1"], False),
        ("konspect, lines, 2 threads", [args.answers, args.lines, "2"], False),
        ("DuckDB, lines", [sys.executable, "-c", duck(args.lines)], False),
        ("unzip | DuckDB", f"unzip -p {args.zip} | {sys.executable} -c \"$DUCK\"", True),
    ]
    if args.one:
        tools.insert(3, ("konspect, one member, 2 threads", [args.answers, args.one, "2"], False))
    if args.no_duck_pipe:
        tools.pop()
    if args.product:
        # Findings are an exit status of their own.
        product = f"{args.product} analyze {args.zip} --threads 2 -o html={args.zip}.html --force > /dev/null 2>&1 || true"
        tools.append(("konspect, whole report as HTML, 2 threads", product, True))
    if args.jq:
        tools.append(("unzip | jq, fields only", f"unzip -p {args.zip} | jq -r '{JQ_LINES}' > /dev/null", True))
    os.environ["DUCK"] = duck("/dev/stdin")
    requests = REQUESTS.format(read=" ".join(READ.format(source=args.lines).split()))
    top = json.loads(run("DuckDB, requests", [sys.executable, "-c", requests])[3])
    results = {name: [] for name, _, _ in tools}
    for number in range(args.rounds):
        out = {}
        for name, command, shell in tools:
            wall, cpu, peak, out[name] = run(name, command, shell)
            results[name].append((wall, cpu, peak))
            print(f"{number} {name}: {wall:.2f} s, {cpu:.2f} CPU s, {peak:.0f} MiB", file=sys.stderr)
        rows = compare(out["konspect, zip, 2 threads"], out["DuckDB, lines"], top)
        assert out["konspect, zip, 2 threads"] == out["konspect, zip, 1 thread"], "threads change the answer"
        print(f"{number}: {rows} rows are the same", file=sys.stderr)
    def median(values):
        values = sorted(values)
        return values[len(values) // 2]

    base = [median(value[part] for value in results["unzip -p > /dev/null"]) for part in (0, 1)]
    print("| tool | wall ÷ unzip | CPU ÷ unzip | peak MiB |\n|---|---|---|---|")
    for name, values in results.items():
        wall, cpu, peak = (median(value[part] for value in values) for part in range(3))
        print(f"| {name} | {wall / base[0]:.2f} | {cpu / base[1]:.2f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
