"""Addresses of the pledges' pages."""

from django.urls import path

from pledges.web import views

app_name = "pledges"
urlpatterns = [
    path("pledges/", views.start, name="start"),
    path("pledges/check/", views.check, name="check"),
    path("pledges/records/", views.index, name="records"),
    path("pledges/record/", views.record, name="record"),
    path("pledges/<int:pledge_id>/", views.pledge, name="pledge"),
    path("pledges/<int:pledge_id>/consent/", views.consent, name="consent"),
    path("pledges/<int:pledge_id>/release/", views.release, name="release"),
]
