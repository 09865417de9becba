"""The wheel has everything in it: it is built, installed into an empty virtual environment and used there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from pathlib import Path

import pytest

import orchestrator_admin
from tests.system import ROOT, System, free_port, wait_until

PACKAGES = ("accounts", "orchestrator", "orchestrator_admin", "schedules", "tasks")
SOURCES = (*PACKAGES, "templates", "static", "locale")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.mo")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a source archive, and the wheel out of that, with what is installed: nothing is downloaded."""
    tree, dist = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for name in SOURCES:
        shutil.copytree(ROOT / name, tree / name, ignore=LEFT_OUT)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tree)
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, tree], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into an empty environment, which borrows the dependencies of this one."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    borrowed = folder / "lib" / version / "site-packages" / "dependencies.pth"
    borrowed.write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    return folder / "bin"


def test_the_wheel_holds_every_file_and_the_version_that_the_package_names(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = set()
    for name in SOURCES:
        for file in (ROOT / name).rglob("*"):
            path = file.relative_to(ROOT)
            if file.is_file() and "__pycache__" not in path.parts and file.suffix != ".mo":
                place = path if name in PACKAGES else Path("orchestrator_admin") / path
                expected.add(str(place.with_suffix(".mo") if file.suffix == ".po" else place))
    metadata = f"orchestrator_admin-{orchestrator_admin.__version__}.dist-info/"
    assert {name for name in inside if not name.startswith(metadata)} == expected
    assert metadata + "licenses/LICENSE" in inside


def test_an_installed_wheel_is_prepared_runs_tasks_and_serves_pages(
    bin_folder: Path, system: System, tmp_path: Path
) -> None:
    names = ("DATABASE_URL", "SECRET_KEY")
    env = {
        "PATH": os.environ["PATH"], "PYTHONWARNINGS": "error", "ORCHESTRATOR_DATA_DIR": str(tmp_path / "data"),
        **{name: system.env[name] for name in names},
    }  # fmt: skip
    program = str(bin_folder / "orchestrator-admin")

    def run(*arguments: str) -> str:
        ran = subprocess.run([program, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    assert "no issues" in run("check")
    run("prepare")
    assert "Completed" in run("starttask", "task_validate_awaiting_callbacks", "--wait")
    port = free_port()
    web = system.start("installed-web", [program, "server", "--no-migrate", "--port", str(port)], **env)

    def login_page() -> str:
        assert web.returncode is None, web.output
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=10) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    styles = re.findall(r'href="(/static/css/\S+\.css)"', wait_until(login_page, 60))
    assert styles
    for style in styles:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{style}", timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("text/css")
            assert answer.read()
    assert web.stop() == 0
