from django.apps import AppConfig

from datastream.core.registry import import_folder


class ConnectorsConfig(AppConfig):
    name = "connectors"

    def ready(self) -> None:
        from connectors import providers, tasks  # noqa: F401

        import_folder(providers)
