"""Addresses of pages, found once: a list has hundreds of links, and `reverse` looks for each anew."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote
from uuid import UUID

from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.encoding import iri_to_uri

# Fits where an id is wanted, and where a name is.
_PLACE = str(UUID(int=0))
LONGEST = 8_000  # Django redirects to no longer one than 16,384
_UNQUOTED = "!$&'()*+,;=~:@"  # as `reverse` has it, but for the slash, which no name holds


def address_of(url_name: str, key: object) -> str:
    """Return what `reverse(url_name, args=[key])` does, for an address that holds one id or name."""
    before, after = _around(url_name, get_script_prefix(), get_urlconf())
    return f"{before}{quote(str(key), safe=_UNQUOTED)}{after}"


def address(url_name: str) -> str:
    """Return what `reverse(url_name)` does."""
    return _plain(url_name, get_script_prefix(), get_urlconf())


def short_enough(address: str) -> bool:
    """Tell whether one may be sent back to `address`, which somebody else made: no page of ours has a longer one."""
    return len(iri_to_uri(address)) <= LONGEST


@lru_cache(maxsize=256)
def _plain(url_name: str, _prefix: str, urlconf: str | None) -> str:
    return reverse(url_name, urlconf=urlconf)


@lru_cache(maxsize=256)
def _around(url_name: str, _prefix: str, urlconf: str | None) -> tuple[str, str]:
    before, _place, after = reverse(url_name, urlconf=urlconf, args=[_PLACE]).partition(_PLACE)
    return before, after
