"""The roof: settings, urls, the Celery app and the one-command runner. Nobody imports it."""
