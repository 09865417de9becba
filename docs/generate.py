"""Writes docs/reference/*.md from the code: python docs/generate.py, or with --check to see that nothing would change.

Names of pages choose some of them: python docs/generate.py settings commands. Each page is a function in
docs/reference_pages/ that returns Markdown. The code says all that stands there.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "orchestrator_admin.settings"
os.environ["ORCHESTRATOR_APPS"] = ""

import django  # noqa: E402  settings are named above
from reference_pages import PAGES, commands, language, licences, product, triggers, wrapped  # noqa: E402, F401  pages


def main() -> None:
    """Write every page or those that are named, or with --check end with 1 when one is out of date."""
    django.setup()
    check = "--check" in sys.argv
    chosen = {f"{name.removesuffix('.md')}.md" for name in sys.argv[1:] if name != "--check"}
    if unknown := chosen - PAGES.keys():
        sys.exit(f"There is no page {', '.join(sorted(unknown))}. There are: {', '.join(PAGES)}.")
    stale = []
    for name in [name for name in PAGES if name in chosen or not chosen]:
        file, text = FOLDER / name, wrapped(_written(name))
        if not file.exists() or file.read_text() != text:
            stale.append(name)
            if not check:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text)
    print(f"{'Out of date' if check else 'Wrote'}: {', '.join(stale) or 'nothing'}")  # noqa: T201
    sys.exit(bool(stale) if check else 0)


def _written(name: str) -> str:
    try:
        return PAGES[name]()
    except PackageNotFoundError as error:
        sys.exit(f"{name} needs the development packages, of which {error.name} is missing: run bin/test once, which "
                 "installs them. Or name the pages that you want: python docs/generate.py settings")  # fmt: skip


if __name__ == "__main__":
    main()
