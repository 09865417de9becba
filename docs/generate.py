"""Writes docs/reference/*.md from the code: python docs/generate.py, or with --check to see that nothing would change.

Each page is a function in docs/reference_pages/ that returns Markdown. The code says all that stands there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "orchestrator_admin.settings"
os.environ["ORCHESTRATOR_APPS"] = ""

import django  # noqa: E402  settings are named above
from reference_pages import PAGES, commands, language, licences, product, triggers, wrapped  # noqa: E402, F401  pages


def main() -> None:
    """Write every page, or with --check end with 1 when one is out of date."""
    django.setup()
    check = sys.argv[1:] == ["--check"]
    stale = []
    for name, write in PAGES.items():
        file, text = FOLDER / name, wrapped(write())
        if not file.exists() or file.read_text() != text:
            stale.append(name)
            if not check:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text)
    print(f"{'Out of date' if check else 'Wrote'}: {', '.join(stale) or 'nothing'}")  # noqa: T201
    sys.exit(bool(stale) if check else 0)


if __name__ == "__main__":
    main()
