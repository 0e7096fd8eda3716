#!/bin/sh
# Builds the wheel and uses it in a clean environment: sh tests/wheel_smoke.sh [PYTHON]
# The dependencies are those of PYTHON's own environment, so that no network is needed.
set -eu
python=${1:-python3}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" "$root/tests/wheels.py" "$work"
cd "$work" # away from the checkout: only the wheel's packages may be found
installed=$work/installed/bin

"$installed/python" - "$root" <<'PYTHON'
import importlib
import sys
from importlib.metadata import distribution, metadata
from pathlib import Path
from zipfile import ZipFile

root, site = Path(sys.argv[1]), Path(sys.prefix).resolve()
packages = ("domain", "features", "models", "router", "store", "api", "console", "training", "simulation", "cli")
for package in packages:
    module = importlib.import_module(package)
    found = Path(module.__file__ or "").resolve()
    assert site in found.parents, f"{package} was imported from {found}, not from the wheel"

(wheel,) = Path().glob("*.whl")
inside = set(ZipFile(wheel).namelist())
tops = {name.split("/")[0] for name in inside if ".dist-info" not in name}
assert tops == set(packages), f"the wheel holds {sorted(tops)}"
needed = (
    "training/report/page.html.j2",
    "training/report/style.css",
    "store/migrations/env.py",
    *(str(path.relative_to(root)) for path in (root / "store/migrations/versions").glob("r*.py")),
    *(str(path.relative_to(root)) for path in (root / "simulation/stock").glob("*.toml")),
    *(str(path.relative_to(root)) for path in (root / "router/wording").glob("*.toml")),
)
missing = [name for name in needed if name not in inside]
assert not missing, f"the wheel lacks {missing}"
assert metadata("gridroute")["License-Expression"] == "Apache-2.0"
assert any(str(file).endswith("licenses/LICENSE") for file in distribution("gridroute").files or ())
print(f"{wheel.name}: {len(inside)} files, {len(packages)} packages")
PYTHON

"$installed/gridroute" --help >/dev/null
echo "the wheel installs, imports and answers --help"
