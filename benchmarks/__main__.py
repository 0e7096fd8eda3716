"""Every measurement there is, at a size that takes some minutes."""

from __future__ import annotations

import subprocess
import sys

SMALL = {
    "benchmarks.noise": ["--addresses", "50000"],
    "benchmarks.guarantee": ["--trials", "1000"],
    "benchmarks.training": ["--rows", "20000"],
}

for module, arguments in SMALL.items():
    print(f"== {module} {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)
