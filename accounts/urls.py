"""Addresses below /accounts/ that are ours; the others are django-allauth's."""

from django.urls import path, re_path

from accounts import people, views

urlpatterns = [
    # What django-allauth offers to people who sign up by themselves: administrators do this here.
    re_path(r"^(?:password/reset|email|confirm-email|login/code)(?:/|$)", views.by_an_administrator),
    path("tokens/", views.tokens, name="account_tokens"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke, name="account_token_revoke"),
    path("sessions/<int:pk>/end/", views.end_session, name="account_session_end"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person, name="person_new"),
    path("people/<int:pk>/", people.person, name="person"),
    path("groups/new/", people.new_group, name="group_new"),
    path("groups/<int:pk>/delete/", people.delete_group, name="group_delete"),
    path("grants/", people.grants, name="grants"),
    path("grants/<str:name>/", people.grants_of, name="grants_of"),
]
