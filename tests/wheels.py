"""The wheel, built and installed without network: `python tests/wheels.py DIRECTORY`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def install_wheel(directory: Path) -> Path:
    """Build the wheel into `directory` and install it there into a new environment; answers its `bin`.

    Third-party packages are those of the running environment: a `.pth` line names its site-packages, whose own
    `.pth` files, the editable checkout's among them, are not read from there.
    """
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(directory), str(ROOT)]
    _run(sys.executable, *build)
    (wheel,) = directory.glob("*.whl")
    home = directory / "installed"
    venv.create(home, with_pip=False, symlinks=True)
    site = next((home / "lib").glob("python*/site-packages"))
    (site / "third_party.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = home / "bin" / "python"
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    _run(str(python), *install, "--ignore-installed", str(wheel))
    _take_over(site)
    return python.parent


def _take_over(site: Path) -> None:
    """What Numba has compiled for the checkout holds for the wheel, whose files are the same: it takes half a minute."""
    for installed in site.glob("*/**/*.py"):
        own = ROOT / installed.relative_to(site)
        if not own.is_file() or own.read_bytes() != installed.read_bytes():
            continue
        compiled = [*own.parent.glob(f"__pycache__/{own.stem}.*.nb[ic]")]
        for one in compiled:
            shutil.copy2(one, installed.parent / "__pycache__")
        if compiled:  # it is known by its source's size and time
            shutil.copystat(own, installed)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    install_wheel(Path(sys.argv[1]))
