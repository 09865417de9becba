"""The engine's own statements run on Django's connection, under its rules."""

from __future__ import annotations

import json

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from tasks import sql
from tests.databases import connect

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_come_back_and_documents_as_text() -> None:
    assert sql.fetch("SELECT n, %s::jsonb FROM generate_series(1, 2) n", ('{"a": 1}',)) == [
        (1, '{"a": 1}'),
        (2, '{"a": 1}'),
    ]
    assert sql.one("SELECT %(a)s::int", {"a": 5}) == (5,)
    assert sql.one("SELECT 1 WHERE false") is None
    assert sql.fetch("SET LOCAL statement_timeout = 0") == []
    assert json.loads(sql.fetch("SELECT '[1]'::jsonb")[0][0]) == [1]


def test_errors_are_djangos() -> None:
    with pytest.raises(IntegrityError):
        sql.fetch("INSERT INTO tasks_workflow (workflow_id, name) VALUES (gen_random_uuid(), NULL)")


def test_nothing_is_sent_into_a_transaction_that_is_broken() -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            sql.fetch("SELECT 1")


def test_a_transaction_is_untouched_until_a_statement_is_sent() -> None:
    connection.close()
    assert sql.untouched()
    sql.fetch("SELECT 1")
    assert sql.untouched()  # committed at once
    with transaction.atomic():
        assert sql.untouched()
        sql.fetch("SELECT 1")
        assert not sql.untouched()
    with transaction.atomic():
        transaction.on_commit(lambda: None)
        assert not sql.untouched()


def test_a_connection_whose_prepared_statements_fit_no_more_is_let_go() -> None:
    """A migration may widen a column while workers and schedulers run."""
    sql.fetch("CREATE TABLE widened (word varchar(3))")
    try:
        assert connection.connection is not None
        connection.connection.prepare_threshold = 0
        assert sql.fetch("SELECT word FROM widened") == []
        with connect(connection.settings_dict["NAME"]) as migration:
            migration.execute("ALTER TABLE widened ALTER word TYPE varchar(4)")
        with pytest.raises(OperationalError):
            sql.fetch("SELECT word FROM widened")
        assert connection.connection is None
        assert sql.fetch("SELECT word FROM widened") == []
    finally:
        sql.fetch("DROP TABLE widened")


def test_a_connection_that_broke_is_let_go_and_the_next_statement_makes_a_new_one() -> None:
    [(pid,)] = sql.fetch("SELECT pg_backend_pid()")
    with connect("postgres") as postgres:
        postgres.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(OperationalError), sql.dropped_when_broken():
        sql.fetch("SELECT 1")
    assert connection.connection is None
    assert sql.fetch("SELECT pg_backend_pid()") != [(pid,)]
