"""Every measurement there is, at a size that takes some minutes."""

from __future__ import annotations

import subprocess
import sys

SMALL = {
    "benchmarks.noise": ["--addresses", "50000"],
    "benchmarks.radius": ["--accounts", "4000"],
    "benchmarks.guarantee": ["--trials", "1000"],
    "benchmarks.training": ["--rows", "20000"],
    "benchmarks.latency": ["--history", "20000", "--units", "60"],
    "benchmarks.http": ["--seconds", "5"],
    "benchmarks.access": [],
    "benchmarks.storm": ["--tickets", "2000", "--seconds", "20"],
    "benchmarks.faults": ["--kills", "10"],
    "benchmarks.api_fuzz": ["--cases", "2000"],
}

for module, arguments in SMALL.items():
    print(f"== {module} {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)
