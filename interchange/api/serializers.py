"""The shapes of this room's API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.permissions import SCOPES
from interchange.models import Credential, Delivery, Endpoint
from interchange.rules import HEARD, PUBLIC_EVENTS


class ChangeSerializer(serializers.Serializer[Any]):
    """One change; `data.patent` is null once the patent is no longer public."""

    sequence = serializers.IntegerField()
    id = serializers.CharField()
    type = serializers.ChoiceField(choices=sorted(PUBLIC_EVENTS))
    time = serializers.DateTimeField()
    data = serializers.DictField()  # type: ignore[assignment]  # CloudEvents' own name


class ChangePageSerializer(serializers.Serializer[Any]):
    """A page of the feed."""

    changes = ChangeSerializer(many=True)
    next_since = serializers.IntegerField()
    more = serializers.BooleanField()


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    """A webhook endpoint; the secret is in the answer that creates it."""

    events = serializers.ListField(child=serializers.ChoiceField(choices=sorted(HEARD)))
    url = serializers.CharField(max_length=500)

    class Meta:
        model = Endpoint
        fields = (
            *("id", "url", "events", "created_at"),
            *("failing_since", "misses", "rests_until", "disabled_at", "disabled_because"),
        )
        read_only_fields = (
            *("id", "created_at"),
            *("failing_since", "misses", "rests_until", "disabled_at", "disabled_because"),
        )


class NewEndpointSerializer(EndpointSerializer):
    """The same with its signing secret."""

    class Meta(EndpointSerializer.Meta):
        fields = (*EndpointSerializer.Meta.fields, "secret")  # type: ignore[assignment]
        read_only_fields = (*EndpointSerializer.Meta.read_only_fields, "secret")  # type: ignore[assignment]


class ChangeEndpointSerializer(serializers.Serializer[Any]):
    """Other events for an endpoint, or its switch."""

    events = serializers.ListField(child=serializers.ChoiceField(choices=sorted(HEARD)))
    active = serializers.BooleanField()


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """What was or is owed to an endpoint."""

    class Meta:
        model = Delivery
        fields = (
            "id", "endpoint_id", "event_id", "name", "created_at", "attempts", "due_at", "sent_at",
            "given_up_at",
        )  # fmt: skip
        read_only_fields = fields


class KeySerializer(serializers.ModelSerializer[Credential]):
    """An OAuth client of the partner, without its secret."""

    class Meta:
        model = Credential
        fields = ("id", "label", "client_id", "created_at", "revoked_at")
        read_only_fields = ("id", "client_id", "created_at", "revoked_at")


class AskKeySerializer(serializers.Serializer[Any]):
    """Which system it is for, and what it may do: all there is where nothing is chosen."""

    label = serializers.CharField(max_length=60)  # type: ignore[assignment]  # the field's name
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(SCOPES.items())),
        required=False,
        min_length=1,
        max_length=len(SCOPES),
    )


class NewKeySerializer(serializers.Serializer[Any]):
    """A new key; the secret is in this answer and nowhere else."""

    credential_id = serializers.IntegerField()
    client_id = serializers.CharField()
    client_secret = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
