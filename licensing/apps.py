"""The licensing room as a Django app."""

from django.apps import AppConfig


class LicensingConfig(AppConfig):
    name = "licensing"
    verbose_name = "许可交易"
