"""Secrets in use are covered in everything that is logged."""

from __future__ import annotations

import logging
import threading

import structlog

from orchestrator_admin.redaction import cover, hiding


def test_a_value_is_covered_as_text_as_json_and_as_python_writes_it() -> None:
    value = 'pass"wörd\\1'
    text = f'{value} | {value!r} | pass\\"w\\u00f6rd\\\\1'
    assert cover(text, {value}) == "•••• | '••••' | ••••"


def test_the_longest_value_is_covered_first_and_short_ones_are_not_searched_for() -> None:
    assert cover("abcdef abc a", {"abc", "abcdef", "a"}) == "•••• •••• a"


def test_values_are_covered_inside_the_block_and_in_this_thread_only() -> None:
    found: list[str] = []
    with hiding({"s3cret"}), hiding({"other"}):
        assert cover("s3cret other") == "•••• ••••"
        thread = threading.Thread(target=lambda: found.append(cover("s3cret")))
        thread.start()
        thread.join()
    assert cover("s3cret") == "s3cret"
    assert found == ["s3cret"]


def test_log_lines_and_tracebacks_are_covered() -> None:
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
    error = ValueError("the password s3cret-value is wrong")
    cause = (ValueError, error, None)
    record = logging.getLogger("x").makeRecord("x", logging.ERROR, "f", 1, "it is %s", ("s3cret-value",), cause)
    with hiding({"s3cret-value"}):
        line = handler.formatter.format(record)
    assert "s3cret-value" not in line
    assert "it is ••••" in line
    assert "the password •••• is wrong" in line
