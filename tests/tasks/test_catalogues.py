"""Texts are collected, merged and compiled without the system's gettext."""

from __future__ import annotations

import gettext
import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import polib
import pytest

from tasks.catalogues import CatalogueError, Home, Text, compile_file, extracted, homes, is_stale, merge
from tests.outside import OutsideApp

PO = "locale/en_GB/LC_MESSAGES/django.po"


def texts_of(folder: Path, name: str, content: str) -> list[tuple[str, str, str]]:
    """Context, singular and plural of every text in a file of that name."""
    sources = folder / "sources"
    sources.mkdir()
    (sources / name).write_text(dedent(content), encoding="utf-8")
    return [(text.context, text.singular, text.plural) for text in extracted(Home(folder, (sources,), ()))]


def test_python_calls_are_found_with_context_and_plural(tmp_path: Path) -> None:
    found = texts_of(
        tmp_path,
        "views.py",
        """
        from django.utils.translation import gettext as _, gettext_lazy, ngettext, npgettext, pgettext_lazy
        class A:
            name = gettext_lazy("Lazy")
            def f(self, n):
                return _("One %(n)s") % {"n": _("inner")} + _("joined "
                    "text") + ngettext("%(n)d task", "%(n)d tasks", n)
        month = pgettext_lazy("month", "May")
        many = npgettext("fruit", "date", "dates", 2)
        def gettext_noop(message): ...
        nothing = _(f"formatted {month}") + _(variable) + print("not this")
        """,
    )
    assert found == [
        ("", "%(n)d task", "%(n)d tasks"), ("", "Lazy", ""), ("", "One %(n)s", ""), ("", "inner", ""),
        ("", "joined text", ""), ("fruit", "date", "dates"), ("month", "May", ""),
    ]  # fmt: skip


def test_template_tags_are_found_with_context_and_plural(tmp_path: Path) -> None:
    found = texts_of(
        tmp_path,
        "page.html",
        """
        {% load i18n %}
          <h1 title='it"s'>{% translate "Tasks" %}</h1>
            {% trans "May" context "month" %}
        {% blocktranslate trimmed count n=tasks|length %}
              {{ n }} task
          {% plural %}
              {{ n }} tasks
        {% endblocktranslate %}
        {% blocktranslate %}Hello {{ name }}, 100% sure{% endblocktranslate %}
        {% include "x.html" with title=_("Included") %}{{ value|default:_("none yet") }}
        {% comment %}{% translate "not this" %}{% endcomment %}
        """,
    )
    assert found == [
        ("", "%(n)s task", "%(n)s tasks"), ("", "Hello %(name)s, 100%% sure", ""), ("", "Included", ""),
        ("", "Tasks", ""), ("", "none yet", ""), ("month", "May", ""),
    ]  # fmt: skip


def test_comments_for_translators_come_along(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "a.py").write_text('# Translators: a month\nx = _("May")\n')
    (tmp_path / "s" / "b.html").write_text('{# Translators: a wish #}\n{% translate "May" %}\n')
    [text] = extracted(Home(tmp_path, (tmp_path / "s",), ()))
    assert text.comments == ["Translators: a month", "Translators: a wish"]
    assert text.places == {"s/a.py", "s/b.html"}


def test_a_broken_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"page\.html"):
        texts_of(tmp_path, "page.html", "{% blocktranslate %}{% if x %}{% endif %}{% endblocktranslate %}")


def test_the_texts_of_the_product_can_all_be_collected() -> None:
    project = homes()[0]
    found = {(text.context, text.singular) for text in extracted(project)}
    assert ("", "There is no workflow “%(name)s”.") in found
    assert len(found) > 100


def test_merging_adds_keeps_and_retires(tmp_path: Path) -> None:
    file = tmp_path / "en_GB" / "LC_MESSAGES" / "django.po"
    assert merge(file, "en_GB", [Text("", "Old"), Text("", "Blank"), Text("", "Kept")], {"task_x": ""})
    catalogue = polib.pofile(str(file))
    catalogue.find("Old").msgstr = "Translated, too"
    catalogue.find("Kept").msgstr = "Translated"
    catalogue.find("Kept").tcomment = "A translator's note"
    catalogue.find("task_x").msgstr = "Task X"
    catalogue.save()
    assert merge(file, "en_GB", [Text("", "Kept"), Text("", "New %(n)d", "News %(n)d")], {})
    catalogue = polib.pofile(str(file))
    kept, new, old, name = (
        catalogue.find(text, include_obsolete_entries=True) for text in ("Kept", "New %(n)d", "Old", "task_x")
    )
    assert (kept.msgstr, kept.tcomment) == ("Translated", "A translator's note")
    assert (new.msgid_plural, new.msgstr_plural, new.flags) == ("News %(n)d", {0: "", 1: ""}, ["python-format"])
    assert old.obsolete
    assert catalogue.find("Blank", include_obsolete_entries=True) is None
    assert (name.msgctxt, name.msgstr, name.obsolete) == ("workflow", "Task X", False)


def test_a_text_that_comes_back_has_its_translation_again(tmp_path: Path) -> None:
    file = tmp_path / "nl" / "LC_MESSAGES" / "django.po"
    merge(file, "nl", [Text("", "May")], {})
    catalogue = polib.pofile(str(file))
    catalogue.find("May").msgstr = "Mei"
    catalogue.save()
    merge(file, "nl", [], {})
    assert polib.pofile(str(file)).find("May") is None
    merge(file, "nl", [Text("", "May")], {})
    assert polib.pofile(str(file)).find("May").msgstr == "Mei"


def test_names_fill_in_what_is_empty_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "en_GB" / "LC_MESSAGES" / "django.po"
    merge(file, "en_GB", [Text("", "task_x")], {"task_x": "", "task_y": "Why"})
    merge(file, "en_GB", [Text("", "task_x")], {"task_x": "Ex", "task_y": "Because"})
    found = {(entry.msgctxt, entry.msgid): entry.msgstr for entry in polib.pofile(str(file))}
    assert found == {("workflow", "task_x"): "Ex", ("workflow", "task_y"): "Why", (None, "task_x"): ""}


def test_merging_twice_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "en_GB" / "LC_MESSAGES" / "django.po"
    texts = [
        Text("c", "A long text " * 20, places={"a/b.py"}),
        Text("", "%(n)d x", "%(n)d xs", comments=["Translators: x"]),
    ]
    assert merge(file, "en_GB", texts, {"task_x": ""})
    before = file.read_bytes()
    assert not merge(file, "en_GB", texts, {"task_x": ""})
    assert file.read_bytes() == before


def test_a_check_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "en_GB" / "LC_MESSAGES" / "django.po"
    assert merge(file, "en_GB", [Text("", "New")], {}, write=False)
    assert not file.exists()


def test_a_text_that_gains_a_plural_keeps_its_translation(tmp_path: Path) -> None:
    file = tmp_path / "pl" / "LC_MESSAGES" / "django.po"
    merge(file, "pl", [Text("", "task")], {})
    catalogue = polib.pofile(str(file))
    catalogue.find("task").msgstr = "zadanie"
    catalogue.save()
    merge(file, "pl", [Text("", "task", "tasks")], {})
    assert polib.pofile(str(file)).find("task").msgstr_plural == {0: "zadanie", 1: "", 2: ""}


def test_compiled_contexts_and_plurals_are_what_gettext_reads(tmp_path: Path) -> None:
    file = tmp_path / "en_GB" / "LC_MESSAGES" / "django.po"
    empty = [Text("", "Empty"), Text("", "one", "many")]
    merge(file, "en_GB", [Text("month", "May"), Text("", "%(n)d task", "%(n)d tasks"), *empty], {})
    catalogue = polib.pofile(str(file))
    catalogue.find("May").msgstr = "Mäi"
    catalogue.find("%(n)d task").msgstr_plural = {0: "%(n)d job", 1: "%(n)d jobs"}
    catalogue.save()
    compile_file(file)
    read = gettext.translation("django", tmp_path, ["en_GB"])
    assert read.pgettext("month", "May") == "Mäi"
    assert [read.ngettext("%(n)d task", "%(n)d tasks", n) for n in (1, 2)] == ["%(n)d job", "%(n)d jobs"]
    assert read.gettext("Empty") == "Empty"
    assert [read.ngettext("one", "many", n) for n in (1, 2)] == ["one", "many"]


def test_only_what_is_older_than_its_source_is_stale(tmp_path: Path) -> None:
    file = tmp_path / "django.po"
    file.write_text('msgid "a"\nmsgstr "b"\n')
    assert is_stale(file)
    compile_file(file)
    assert not is_stale(file)
    later = file.stat().st_mtime_ns + 1_000_000
    os.utime(file, ns=(later, later))
    os.utime(file.with_suffix(".mo"), ns=(0, 0))
    assert is_stale(file)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('msgid "a\nmsgstr', r"django\.po \(line 2\)"),
        ('msgid "a"\nmsgstr "b"\nnonsense\n', r"django\.po \(line 3\)"),
        ('msgid "a"\nmsgstr "b"\n\n#, python-format\nmsgid "%(name)s"\nmsgstr "%(other)s"\n', r"django\.po, line 5"),
    ],
)
def test_a_bad_catalogue_is_refused_and_the_compiled_one_stays(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "django.po"
    file.write_text('msgid "a"\nmsgstr "b"\n')
    compile_file(file)
    before = file.with_suffix(".mo").read_bytes()
    file.write_text(content)
    with pytest.raises(CatalogueError, match=problem):
        compile_file(file)
    assert file.with_suffix(".mo").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["django.mo", "django.po"]


def test_each_outside_application_has_a_home_of_its_own(
    outside_app: OutsideApp, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    outside_app.install(monkeypatch, settings)
    outside_app.write(PO, "")
    project, outside = homes()
    assert outside.file("en_GB") == outside_app.path / PO
    assert outside.locales() == ["en_GB"]
    assert {app.label for app in project.apps} == {"orchestrator_admin", "accounts", "tasks", "schedules"}


def test_compiled_texts_of_the_source_language_speak_for_themselves_but_names_of_workflows_do_not(
    tmp_path: Path,
) -> None:
    entries = (
        'msgid "Tasks"\nmsgstr ""\n\nmsgid "Color"\nmsgstr "Colour"\n\n#, fuzzy\nmsgid "Old"\nmsgstr ""\n\n'
        'msgid "%(count)d run"\nmsgid_plural "%(count)d runs"\nmsgstr[0] ""\nmsgstr[1] ""\n\n'
        'msgctxt "workflow"\nmsgid "task_x"\nmsgstr ""\n'
    )
    found = {}
    for locale in ("en_GB", "nl"):
        file = tmp_path / locale / "LC_MESSAGES" / "django.po"
        file.parent.mkdir(parents=True)
        file.write_text(f'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n{entries}')
        compile_file(file)
        with file.with_suffix(".mo").open("rb") as compiled:
            found[locale] = {key: text for key, text in gettext.GNUTranslations(compiled)._catalog.items() if key}  # type: ignore[attr-defined]
    assert found["en_GB"] == {
        "Tasks": "Tasks",
        "Color": "Colour",
        ("%(count)d run", 0): "%(count)d run",
        ("%(count)d run", 1): "%(count)d runs",
    }
    assert "Tasks" not in found["nl"]
    assert found["nl"]["Color"] == "Colour"
