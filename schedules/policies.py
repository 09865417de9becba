"""The policies of a schedule: their names, their limits, and what APScheduler calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

# Names by which code and people set policies; the fields of `Schedule`.
POLICIES = ("misfire_grace", "catch_up", "catch_up_limit", "overlap", "skip_next")
CHOICES = {"catch_up": ("skip", "latest", "all"), "overlap": ("allow", "skip", "queue")}
LIMITS = {"misfire_grace": (1, 31_536_000), "catch_up_limit": (1, 1000)}
# Arguments of APScheduler's add_job that have no meaning here: the store and the executor are ours.
IGNORED = frozenset({"jobstore", "executor", "replace_existing"})


def policy_errors(policies: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what is wrong with these values, by field."""
    errors: dict[str, list[str]] = {}
    for name, value in policies.items():
        if name in CHOICES and value not in CHOICES[name]:
            errors[name] = [_("Choose one of %(choices)s.") % {"choices": ", ".join(CHOICES[name])}]
        elif name in LIMITS:
            low, high = LIMITS[name]
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                errors[name] = [_("Enter a whole number from %(low)d to %(high)d.") % {"low": low, "high": high}]
        elif name == "skip_next" and not isinstance(value, bool):
            errors[name] = [_("Enter true or false.")]
    return errors


def declared_policies(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a decorator's keywords into policies, by our names, and what belongs to the trigger.

    APScheduler's: `misfire_grace_time` None means however late, `coalesce` runs the latest of several missed times and
    without it all of them, `max_instances` above 1 lets runs overlap. ValueError when a value is out of bounds.
    """
    rest = {name: value for name, value in options.items() if name not in IGNORED}
    policies = {name: rest.pop(name) for name in POLICIES if name in rest}
    if "misfire_grace_time" in rest:
        grace = rest.pop("misfire_grace_time")
        policies["misfire_grace"] = LIMITS["misfire_grace"][1] if grace is None else grace
    if "coalesce" in rest:
        policies["catch_up"] = "latest" if rest.pop("coalesce") else "all"
    if "max_instances" in rest:
        policies["overlap"] = "allow" if int(rest.pop("max_instances")) > 1 else "skip"
    if errors := policy_errors(policies):
        raise ValueError("; ".join(f"{name}: {' '.join(messages)}" for name, messages in errors.items()))
    return policies, rest
