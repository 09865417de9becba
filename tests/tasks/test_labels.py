"""A workflow's name for people comes from gettext, compiled or not."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.utils.translation import override

from tasks.catalogues import compile_file
from tasks.labels import has_label, label
from tests.outside import OutsideApp

pytestmark = pytest.mark.usefixtures("fresh_translations")
ENTRY = 'msgctxt "workflow"\nmsgid "{0}"\nmsgstr "{1}"\n'
PO = "locale/en_GB/LC_MESSAGES/django.po"


@pytest.fixture
def app(outside_app: OutsideApp, monkeypatch: pytest.MonkeyPatch, settings: Any) -> OutsideApp:
    outside_app.install(monkeypatch, settings)
    return outside_app


def test_the_shipped_nightly_sync_has_a_name_for_people() -> None:
    assert label("task_sync_from") == "Nightly sync"
    assert has_label("task_sync_from")


def test_without_an_entry_the_label_is_the_name() -> None:
    assert label("task_of_nobody") == "task_of_nobody"
    assert not has_label("task_of_nobody")


def test_a_compiled_catalogue_of_an_application_names_its_workflow(app: OutsideApp) -> None:
    file = app.write(PO, ENTRY.format("task_outside", "Ötside"))
    compile_file(file)
    file.unlink()
    assert label("task_outside") == "Ötside"
    assert has_label("task_outside")


def test_a_catalogue_that_nobody_compiled_names_its_workflow_too(app: OutsideApp) -> None:
    app.write(PO, ENTRY.format("task_outside", "Outside"))
    assert label("task_outside") == "Outside"
    assert has_label("task_outside")


def test_an_entry_that_is_added_to_a_running_process_counts(app: OutsideApp) -> None:
    file = app.write(PO, "")
    assert not has_label("task_outside")
    file.write_text(ENTRY.format("task_outside", "Outside"))
    assert has_label("task_outside")
    os.utime(file, ns=(0, 0))
    file.write_text(ENTRY.format("task_other", "Other"))
    assert not has_label("task_outside")


def test_a_label_may_equal_the_name(app: OutsideApp) -> None:
    app.write(PO, ENTRY.format("task_outside", "task_outside"))
    assert has_label("task_outside")


@pytest.mark.parametrize("entry", [ENTRY.format("task_outside", ""), "#, fuzzy\n" + ENTRY.format("task_outside", "X"),
                                   'msgid "task_outside"\nmsgstr "Without context"\n'])  # fmt: skip
def test_an_empty_a_fuzzy_and_a_contextless_entry_do_not_count(app: OutsideApp, entry: str) -> None:
    compile_file(app.write(PO, entry))
    assert not has_label("task_outside")
    assert label("task_outside") == "task_outside"


def test_a_catalogue_that_cannot_be_read_hides_nothing_else(app: OutsideApp) -> None:
    app.write(PO, 'msgctxt "workflow\nmsgid')
    assert label("task_sync_from") == "Nightly sync"
    assert not has_label("task_outside")


def test_another_language_falls_back_to_the_main_one(app: OutsideApp) -> None:
    app.write(PO, ENTRY.format("task_outside", "Outside"))
    app.write("locale/nl/LC_MESSAGES/django.po", ENTRY.format("task_sync_from", "Nachtelijke synchronisatie"))
    with override("nl"):
        assert label("task_outside") == "Outside"
        assert has_label("task_outside")
