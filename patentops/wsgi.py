"""Pages and API as WSGI (the dispatcher in asgi.py serves it)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "patentops.settings")
application = get_wsgi_application()
