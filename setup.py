"""What pyproject.toml cannot say: a wheel carries templates/, static/ and locale/ inside the project's package.

They stand at the top of the repository, where people look for them; in site-packages those names would be anybody's.
Translations go in compiled. orchestrator_admin/layout.py finds them in both places.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
FOLDERS = ("templates", "static")


class BuildWithFolders(build_py):
    """Copies the folders behind the packages and compiles the catalogues."""

    def run(self) -> None:
        super().run()
        package = Path(self.build_lib) / "orchestrator_admin"
        for name in FOLDERS:
            shutil.rmtree(package / name, ignore_errors=True)
            shutil.copytree(ROOT / name, package / name)
        for source in sorted((ROOT / "locale").rglob("*.po")):
            compile_catalogue(source, (package / source.relative_to(ROOT)).with_suffix(".mo"))


def compile_catalogue(source: Path, target: Path) -> None:
    """Write the form of a catalogue that programs read."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as written, target.open("wb") as compiled:
        write_mo(compiled, read_po(written, abort_invalid=True))


setup(cmdclass={"build_py": BuildWithFolders})
