"""Addresses below /schedules/."""

from django.urls import path

from schedules.views import actions, detail, editing, history, listing, outage, week

app_name = "schedules"
urlpatterns = [
    path("", listing.schedules, name="list"),
    path("bulk/", listing.bulk, name="bulk"),
    path("new/", editing.new, name="new"),
    path("preview/", editing.preview, name="preview"),
    path("week/", week.week, name="week"),
    path("outage/", outage.outage, name="outage"),
    path("<uuid:pk>/", detail.schedule, name="detail"),
    path("<uuid:pk>/edit/", editing.edit, name="edit"),
    path("<uuid:pk>/delete/", actions.delete, name="delete"),
    path("<uuid:pk>/pause/", actions.pause, name="pause"),
    path("<uuid:pk>/resume/", actions.resume, name="resume"),
    path("<uuid:pk>/skip/", actions.skip, name="skip"),
    path("<uuid:pk>/run/", actions.run, name="run"),
    path("<uuid:pk>/restore/", actions.restore, name="restore"),
    path("<uuid:pk>/own/", actions.own, name="own"),
    path("<uuid:pk>/revert/", history.revert, name="revert"),
]
