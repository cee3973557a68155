from django.apps import AppConfig

from datastream.core.registry import import_folder


class VisualizationsConfig(AppConfig):
    name = "visualizations"

    def ready(self) -> None:
        from visualizations import charts

        import_folder(charts)
