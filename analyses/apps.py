from django.apps import AppConfig

from datastream.core.registry import import_folder


class AnalysesConfig(AppConfig):
    name = "analyses"

    def ready(self) -> None:
        from analyses import methods, tasks  # noqa: F401

        import_folder(methods)
