"""When a trigger is due, as one translated sentence that agrees with what fires."""

from schedules.triggers.sentences.cron import cron, cron_fields
from schedules.triggers.sentences.intervals import calendar_interval, interval, tells_start
from schedules.triggers.sentences.whole import combined, once, whole
from schedules.triggers.sentences.words import clock

__all__ = ["calendar_interval", "clock", "combined", "cron", "cron_fields", "interval", "once", "tells_start", "whole"]
