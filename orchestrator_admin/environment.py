"""Reads settings from environment variables, strictly: a wrong value ends the program with one clear sentence.

A variable that is set to nothing counts as unset, as compose files and unit files leave it. Reading is `read(name,
default, converter)`; a converter raises ValueError with what is wrong, worded to follow a colon.
"""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import dj_database_url

T = TypeVar("T")
D = TypeVar("D")
SECRETS = {
    "DATABASE_URL",
    "SECRET_KEY",
    "ORCHESTRATOR_METRICS_TOKEN",
}  # their values are not repeated on a screen or in a log
YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def stop(sentence: str) -> NoReturn:
    """End the program with exit code 1, before anything half-configured can run."""
    sys.exit(f"Configuration error: {sentence}")


def read(name: str, default: D, convert: Callable[[str], T]) -> T | D:
    """Return the converted value of a variable, or `default` where it is unset or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        return convert(value)
    except ValueError as error:
        stop(f"{name} {'is not usable' if name in SECRETS else f'is {value!r}'}: {error}.")


def flag(value: str) -> bool:
    """Yes or no."""
    if value.lower() not in YES | NO:
        raise ValueError("it must be true or false")
    return value.lower() in YES


def number(least: int) -> Callable[[str], int]:
    """A whole number, `least` or more."""

    def convert(value: str) -> int:
        if not re.fullmatch(r"\d+", value, re.ASCII) or int(value) < least:
            raise ValueError(f"it must be a whole number, {least} or more")
        return int(value)

    return convert


def one_of(*choices: str) -> Callable[[str], str]:
    """One of a few words, however they are capitalised."""

    def convert(value: str) -> str:
        for choice in choices:
            if choice.lower() == value.lower():
                return choice
        raise ValueError(f"it must be one of {', '.join(choices)}")

    return convert


def words(value: str) -> list[str]:
    """A list with commas in between."""
    return [word.strip() for word in value.split(",") if word.strip()]


def applications(value: str) -> list[str]:
    """Django applications that Python can find."""
    names = words(value)
    for name in names:
        if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
            raise ValueError(f"{name!r} is not the name of a Python package")
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            raise ValueError(f"Python finds no package {name!r}; install it, or add its folder to PYTHONPATH")
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is named twice")
    return names


def time_zone(value: str) -> str:
    """A name of the tz database."""
    if value not in available_timezones():
        raise ValueError("there is no such time zone; give a name such as Europe/Amsterdam")
    return value


def rate(value: str) -> str:
    """So many requests in a second, minute, hour or day: 100/s."""
    if not re.fullmatch(r"[1-9]\d*/[smhd]", value, re.ASCII):
        raise ValueError("it must look like 100/s, with s, m, h or d for second, minute, hour or day")
    return value


def origin(value: str) -> str:
    """Scheme, host and port of a web address, without anything behind."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
        raise ValueError("it must be an address without a path, such as https://orchestrator.example.net")
    _ = parts.port  # raises ValueError where that is no number
    return f"{parts.scheme}://{parts.netloc}"


def address(value: str) -> str:
    """Read an address of the web, with a path or without."""
    origin_of(value)
    return value.rstrip("/")


def origin_of(value: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("must be an address such as https://login.example.net/realms/main")
    return f"{parts.scheme}://{parts.netloc}"


def database(value: str) -> dict[str, Any]:
    """Django's settings for a PostgreSQL address."""
    if urlsplit(value).scheme not in {"postgres", "postgresql"}:
        raise ValueError("it must start with postgresql://; PostgreSQL is the only database that this runs on")
    try:
        found = dict(dj_database_url.parse(value))
    except Exception as error:
        raise ValueError("it must look like postgresql://user:password@host:5432/name") from error
    if not found.get("NAME"):
        raise ValueError("it names no database: postgresql://user:password@host:5432/name")
    return found


def kept_secret(folder: Path) -> str:
    """Return the secret key in `folder`, making it first where there is none. Every process finds the same one."""
    path = folder / "secret_key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = folder / f".secret_key.{secrets.token_hex(8)}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
            try:
                os.link(draft, path)  # whole or not at all, and the first one stays
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text()
    except OSError as error:
        stop(f"the secret key in {folder} cannot be read: {error.strerror}. Set ORCHESTRATOR_DATA_DIR or SECRET_KEY.")
