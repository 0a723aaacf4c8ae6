"""The filter sets of the ground floor's own rows."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.core.filtering import FilterSet
from backoffice.core.models import WebhookDelivery, WebhookEndpoint
from backoffice.core.models.webhook import WebhookStatus


class WebhookDeliveryFilter(FilterSet):
    """Which deliveries."""

    endpoint = django_filters.ModelChoiceFilter(
        queryset=WebhookEndpoint.objects.all(), label=_("webhook endpoint")
    )
    status = django_filters.MultipleChoiceFilter(choices=WebhookStatus.choices, label=_("status"))
    kind = django_filters.CharFilter("event__kind", label=_("kind"))
    event_id = django_filters.NumberFilter(label=_("event"))
    queued_after = django_filters.IsoDateTimeFilter("queued_at", "gte", label=_("queued after"))

    class Meta:
        model = WebhookDelivery
        fields: list[str] = []
