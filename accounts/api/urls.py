"""Addresses below /api/ that this application answers."""

from django.urls import path

from accounts.api.own import SessionViewSet, TokenViewSet
from accounts.api.people import GrantViewSet, GroupViewSet, PersonViewSet

urlpatterns = [
    path("tokens/", TokenViewSet.as_view({"get": "list", "post": "create"}), name="token-list"),
    path("tokens/<uuid:token_id>/", TokenViewSet.as_view({"delete": "destroy"}), name="token-detail"),
    path("sessions/", SessionViewSet.as_view({"get": "list"}), name="session-list"),
    path("sessions/<int:pk>/", SessionViewSet.as_view({"delete": "destroy"}), name="session-detail"),
    path("people/", PersonViewSet.as_view({"get": "list", "post": "create"}), name="person-list"),
    path(
        "people/<int:pk>/", PersonViewSet.as_view({"get": "retrieve", "patch": "partial_update"}), name="person-detail"
    ),
    path("groups/", GroupViewSet.as_view({"get": "list", "post": "create"}), name="group-list"),
    path("groups/<int:pk>/", GroupViewSet.as_view({"delete": "destroy"}), name="group-detail"),
    path("grants/", GrantViewSet.as_view({"get": "list"}), name="grant-list"),
    path("grants/<str:name>/", GrantViewSet.as_view({"get": "retrieve", "put": "update"}), name="grant-detail"),
]
