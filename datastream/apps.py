"""Loads the workers' application when Django is ready, and names our admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.core.checks import Tags, register


class DataStreamConfig(AppConfig):
    name = "datastream"

    def ready(self) -> None:
        from datastream.celery import app  # noqa: F401
        from datastream.core.api.routes import check_routes

        register(check_routes, Tags.security)


class AdminConfig(DjangoAdminConfig):
    default_site = "datastream.admin.Site"
