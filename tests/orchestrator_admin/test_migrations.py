"""Migrations let old and new code run side by side: they add, wait for no lock for long, and read no table in full."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

# What made the tables, when nothing ran yet.
FIRST = {"accounts": "0002", "schedules": "0002", "tasks": "0102"}
RULES = {
    r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)": "an index is made while writers wait: use AddIndexConcurrently",
    r"DROP INDEX (?!CONCURRENTLY)": "an index is dropped under a lock: use RemoveIndexConcurrently",
    r"ADD CONSTRAINT (?!.*NOT VALID)": "a constraint reads every row: use AddConstraintNotValid, validate afterwards",
    r"ALTER COLUMN \S+ TYPE": "the table is rewritten",
    r"ALTER COLUMN \S+ SET NOT NULL": "every row is read under a lock, and old code may leave the column empty",
    r"ALTER COLUMN \S+ DROP DEFAULT": "old code adds rows without the new column: give it a db_default",
    r"ADD COLUMN (?!.*DEFAULT).*NOT NULL": "old code adds rows without the new column: give it a db_default",
    r"(RENAME|DROP COLUMN|DROP TABLE)": "old code still uses what goes away",
}
LOCKING = r"^(ALTER TABLE|CREATE TRIGGER|DROP TRIGGER)"
TIMEOUT = "lock_timeout"


def faults(statements: list[str], *, atomic: bool) -> list[str]:
    """Return what is wrong with a migration of these statements on tables that are in use."""
    new = {made[1] for each in statements if (made := re.match(r'CREATE TABLE "?(\w+)', each))}
    found = []
    waits_for_long = True
    for each in statements:
        if any(re.search(rf'(ON|TABLE) "?{table}\b', each) for table in new):
            continue
        waits_for_long = waits_for_long and TIMEOUT not in each
        found += [f"{why}: {each}" for rule, why in RULES.items() if re.search(rule, each)]
        if waits_for_long and re.search(LOCKING, each):
            found.append(f"whoever comes behind it in the queue for the lock waits too: SET {TIMEOUT} first: {each}")
        if atomic and "CONCURRENTLY" in each:
            found.append(f"not within a transaction: {each}")
    return found


def later_migrations() -> list[tuple[str, str]]:
    migrations = MigrationLoader(None).disk_migrations
    return sorted(key for key in migrations if key[0] in FIRST and key[1][:4] > FIRST[key[0]])


@pytest.mark.parametrize(("app", "name"), later_migrations())
def test_a_migration_can_be_applied_while_everything_runs(
    app: str, name: str, django_db_setup: None, django_db_blocker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    # Outside any transaction: Django refuses to print what would be done concurrently within one.
    with django_db_blocker.unblock():
        call_command("sqlmigrate", app, name, no_color=True)
    migration = MigrationLoader(None).disk_migrations[app, name]
    assert faults(statements_of(capsys.readouterr().out), atomic=migration.atomic) == []


def statements_of(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [" ".join(each.split()) for each in "\n".join(lines).split(";\n") if each.strip()]


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX "a" ON "tasks_process" ("note")',
        'CREATE UNIQUE INDEX "a" ON "tasks_process" ("note")',
        'DROP INDEX IF EXISTS "a"',
        'ALTER TABLE "tasks_process" ADD CONSTRAINT "a" CHECK ("priority" > 0)',
        'ALTER TABLE "tasks_process" ALTER COLUMN "note" TYPE varchar(5)',
        'ALTER TABLE "tasks_process" ALTER COLUMN "note" SET NOT NULL',
        'ALTER TABLE "tasks_process" ALTER COLUMN "note" DROP DEFAULT',
        'ALTER TABLE "tasks_process" ADD COLUMN "new" integer NOT NULL',
        'ALTER TABLE "tasks_process" DROP COLUMN "note" CASCADE',
        'ALTER TABLE "tasks_process" RENAME COLUMN "note" TO "remark"',
        'DROP TABLE "tasks_process" CASCADE',
    ],
)
def test_what_would_stop_a_running_system_is_noticed(statement: str) -> None:
    quick = f"SET LOCAL {TIMEOUT} = '5s'"
    assert faults([quick, statement], atomic=True)
    assert faults([statement], atomic=True)


def test_what_is_harmless_is_let_through_and_only_so() -> None:
    column = 'ALTER TABLE "tasks_process" ADD COLUMN "new" integer DEFAULT 0 NOT NULL'
    assert faults([f"SET LOCAL {TIMEOUT} = '5s'", column], atomic=True) == []
    assert faults([column], atomic=True)

    index = 'CREATE INDEX CONCURRENTLY "a" ON "tasks_process" ("note")'
    assert faults([index], atomic=False) == []
    assert faults([index], atomic=True)

    table = ['CREATE TABLE "fresh" ("id" integer)', 'CREATE INDEX "a" ON "fresh" ("id")']
    assert faults(table, atomic=True) == []
