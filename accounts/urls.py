"""Addresses below /accounts/ that are ours; the others are django-allauth's."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("tokens/", views.tokens, name="account_tokens"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke, name="account_token_revoke"),
    path("sessions/<int:pk>/end/", views.end_session, name="account_session_end"),
]
