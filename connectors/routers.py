"""Where documents live: in MongoDB where it is configured, else beside everything else."""

from typing import Any

from django.conf import settings

DOCUMENTS = "documents"


class DocumentsRouter:
    """Routes the one model whose rows no other row refers to."""

    def _database(self, model: Any) -> str | None:
        # Not `label`: the table of the database cache has none.
        names = (model._meta.app_label, model._meta.model_name)  # noqa: SLF001
        is_document = names == ("connectors", "document")
        return DOCUMENTS if is_document and DOCUMENTS in settings.DATABASES else None

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return self._database(model)

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return self._database(model)

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        if db == DOCUMENTS:
            return app_label == "connectors" and model_name == "document"
        return None
