#!/usr/bin/env python3
"""Measures a finished report of a large cluster against `unzip -p` in one run.

    cluster.py KONSPECT ZIP [--rounds N]

KONSPECT is the release build, ZIP is written by `xtask synth cluster`. Medians of the rounds.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time


def run(command):
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("konspect")
    parser.add_argument("zip")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = [arguments.konspect, "analyze", arguments.zip, "-q", "--force", "--output", "html=" + os.path.join(folder, "report.html")]
        tools = {"unzip -p": ["unzip", "-p", arguments.zip], "konspect": report, "konspect, 1 thread": report + ["--threads", "1"]}
        rows = {name: [] for name in tools}
        for _ in range(arguments.rounds):
            for name, command in tools.items():
                rows[name].append(run(command))
    unzip = [statistics.median(column) for column in zip(*rows["unzip -p"])]
    for name, measured in rows.items():
        cpu, wall, peak = (statistics.median(column) for column in zip(*measured))
        print(f"{name}: CPU {cpu:.2f} s ({cpu / unzip[0]:.2f}), wall {wall:.2f} s ({wall / unzip[1]:.2f}), peak {peak:.0f} MiB")


main()
