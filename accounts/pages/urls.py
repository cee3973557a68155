"""Routes of the account page and of signing in."""

from django.urls import include, path

urlpatterns = [path("", include("allauth.urls"))]
