"""Which wheel has the levels in Rust, and what `import mti` says when that cannot be told.

The wheel of this directory is the real one; those beside it are made here, without anything in them that takes time to build.
"""

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mti

PACKAGE = Path(mti.__file__).parent
MIXED = Path(mti._mti.__file__).parents[1]


def make_wheel(directory, name, version, files, entry_points=""):
    """A wheel of pure Python, as any build tool makes it."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    record = []
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={digest},{len(text.encode())}\n")
        wheel.writestr(f"{info}/RECORD", "".join([*record, f"{info}/RECORD,,\n"]))
    return path


@pytest.fixture
def installed(tmp_path):
    """Installs wheels, and gives back what a program says then that uses `mti`: with the wheel of this directory, or without it."""
    site = tmp_path / "site"

    def run(*wheels, program=("-c", "import mti; print(mti._mti.__name__)"), mixed=True):
        install = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(site), *map(str, wheels)]
        subprocess.run([sys.executable, *install], check=True, timeout=120)
        path = os.pathsep.join([str(site), *([str(MIXED)] if mixed else [])])
        return subprocess.run(
            [sys.executable, *program], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60
        )

    return run


def refusal(done):
    """The last line: what there is to do."""
    assert done.returncode == 1 and done.stdout == "", done.stdout + done.stderr
    return done.stderr.strip().splitlines()[-1]


def levels(name):
    return f"[mti]\nlevels = {name}\n"


@pytest.mark.parametrize("program", [("-c", "import mti"), ("-m", "mti", "--version")])
def test_a_wheel_built_with_another_version_is_refused(installed, tmp_path, program):
    sources = {f"mti/{file.name}": file.read_text("utf-8") for file in PACKAGE.glob("*.py")}
    newer = make_wheel(tmp_path, "mti", "9.8.7", sources)
    said = refusal(installed(newer, program=program))
    assert said.startswith("ImportError: ") and "`mixed_levels`" in said, said
    assert f"mti {mti.__version__}" in said and "mti 9.8.7" in said and "build" in said, said


def test_two_wheels_with_levels_are_refused(installed, tmp_path):
    other = make_wheel(tmp_path, "other_levels", "1.0", {"other_levels.py": ""}, levels("other_levels"))
    said = refusal(installed(other))
    assert said.startswith("ImportError: ") and "`mixed_levels`, `other_levels`" in said and "pip uninstall" in said, said


def test_what_is_no_wheel_with_levels_is_refused(installed, tmp_path):
    plain = make_wheel(tmp_path, "plain", "1.0", {"plain.py": "__version__ = '1'"}, levels("plain"))
    said = refusal(installed(plain, mixed=False))
    assert said.startswith("ImportError: ") and "`plain`" in said and "mti_python::fill" in said, said


def test_a_wheel_that_lacks_its_module_is_named(installed, tmp_path):
    hollow = make_wheel(tmp_path, "hollow", "1.0", {}, levels("hollow._levels"))
    said = refusal(installed(hollow, mixed=False))
    assert said.startswith("ImportError: ") and "`hollow._levels`" in said and "levels in Rust" in said, said


def test_a_wheel_of_something_else_does_no_harm(installed, tmp_path):
    other = make_wheel(tmp_path, "something_else", "1.0", {"something_else.py": "1 / 0"}, "[console_scripts]\nlevels = something_else:main\n")
    done = installed(other)
    assert (done.returncode, done.stdout.strip()) == (0, "mixed_levels"), done.stderr
