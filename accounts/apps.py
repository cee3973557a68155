from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import receivers, tasks  # noqa: F401
        from accounts.pages import receivers as of_pages  # noqa: F401
        from accounts.services import encrypted  # noqa: F401
