from django.apps import AppConfig


class ListingsConfig(AppConfig):
    name = "listings"
    verbose_name = "专利与挂牌"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from listings import consumers, home  # noqa: F401  events heard, home pages fed
        from listings.web import sitemap  # noqa: F401  search engines fed
        from listings.web.drives import home as drives_home  # noqa: F401  tasks shown
        from listings.web.upkeep import home as upkeep_home  # noqa: F401  what falls due shown
