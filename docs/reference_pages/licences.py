"""Licences of what is installed, as the packages say."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from reference_pages import page, table

REQUIREMENTS = Path(__file__).resolve().parent.parent.parent / "requirements"


@page("Licences")
def licences() -> str:
    from packaging.requirements import Requirement

    def of(name: str) -> tuple[str, str]:
        found = metadata.metadata(name)
        classifiers = [each.split(" :: ")[-1] for each in found.get_all("Classifier", []) if "License ::" in each]
        text = found.get("License-Expression") or ", ".join(classifiers) or (found.get("License") or "").split("\n")[0]
        return str(found["Name"]), text or "see its files"

    def rows(lock: str) -> Iterator[tuple[str, str]]:
        for line in (REQUIREMENTS / lock).read_text().splitlines():
            if line[:1].isalnum():
                requirement = Requirement(line.split("\\")[0].strip())
                if not requirement.marker or requirement.marker.evaluate():
                    yield of(requirement.name)

    shipped = dict(rows("runtime.txt"))
    others = {name: text for name, text in rows("dev.txt") if name not in shipped}
    head = ("package", "licence")
    return (
        "What is installed beside this product (Apache-2.0), as the packages themselves say.\n\n"
        "## In an installation\n\n"
        f"{table(head, sorted(set(shipped.items()), key=lambda row: row[0].lower()))}\n## For development only\n\n"
        f"{table(head, sorted(set(others.items()), key=lambda row: row[0].lower()))}"
    )
