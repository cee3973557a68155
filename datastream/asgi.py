"""Server entry point for live routes."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datastream.settings")

application = get_asgi_application()
