"""`/order/<order number>`: an order in a few fields, read and updated by existing integrations.

Errors are `{"error": …}`, amounts decimal strings, people usernames.
"""

import json
import re
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.views import DocumentViewSet
from backoffice.core.models import ApiToken
from backoffice.core.money import round_amount
from orders.choices import OrderStatus
from orders.models import Order
from orders.services.update import update_order

# What a reader may send back unchanged; who it is and when is not theirs to say.
READ_ONLY = {"order_number", "order_date", "created_by", "modified_by", "updated_at"}
DECIMAL = re.compile(r"-?\d{1,16}(\.\d{1,4})?", re.ASCII)


class ExactJSONParser(JSONParser):
    """JSON whose numbers are taken as they are written, not as binary fractions."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(stream.read().decode(), parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is no JSON: %(error)s.") % {"error": error}) from None


def _refuse(name: str) -> None:
    raise ValueError(name)


class PlainOrderSerializer(serializers.ModelSerializer):
    total_amount = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username")
    modified_by = serializers.CharField(source="modified_by.username")

    class Meta:
        model = Order
        fields = [
            *("order_number", "order_date", "total_amount", "status"),
            *("created_by", "modified_by", "updated_at"),
        ]

    def get_total_amount(self, order: Order) -> str:
        """Return the total with its currency's digits."""
        return str(round_amount(order.total_amount, order.currency))


class PlainAnswer(serializers.Serializer):
    order = PlainOrderSerializer()


class PlainUpdate(serializers.Serializer):
    """What an order should cost, which status it should have, or both."""

    total_amount = serializers.DecimalField(20, 4, min_value=0, required=False)
    status = serializers.ChoiceField(OrderStatus.choices, required=False)


class PlainMessage(serializers.Serializer):
    message = serializers.CharField()
    order_edit = serializers.CharField(
        required=False, help_text="What waits for a second person, where something does."
    )


class PlainError(serializers.Serializer):
    error = serializers.CharField()


class PlainOrderView(DocumentViewSet):
    """An order in a few fields, for existing integrations."""

    queryset = Order.objects.select_related("created_by", "modified_by")
    serializer_class = PlainOrderSerializer
    lookup_field = "order_number"
    parser_classes = [ExactJSONParser]
    keyed_methods = ("PUT",)
    error_type = "application/json"
    error_serializer = PlainError
    # It knows no ETags.
    is_match = None

    @extend_schema(operation_id="plain_order_retrieve", responses=PlainAnswer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read an order."""
        return Response({"order": self.get_serializer(self.get_object()).data})

    @extend_schema(
        operation_id="plain_order_update",
        request=PlainUpdate,
        responses={200: PlainMessage, 202: PlainMessage},
    )
    def update(self, request: Request, **kwargs: Any) -> Response:
        """Bring an order to a total, a status, or both in one transaction."""
        order = self.get_object()
        total, status = _wanted(request.data, order)
        waiting = update_order(
            order.pk, now=timezone.now(), total_amount=total, status=status, may=self.may
        )
        if waiting is None:
            return Response({"message": "Order updated"})
        message = "Order update waits for approval"
        return Response({"message": message, "order_edit": waiting.number}, status=202)

    # What exactly is done decides which permission it needs.
    update.permission = "orders.view_order"  # type: ignore[attr-defined]

    def may(self, permission: str) -> bool:
        """Say whether the caller has a permission; a token's scope covers all of an app's."""
        is_token = isinstance(self.request.auth, ApiToken)
        return is_token or self.request.user.has_perm(permission)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer every refusal as one sentence."""
        problem = super().handle_exception(exc)
        data = problem.data
        reasons = [e["detail"] for e in data.get("errors", [])] or [data["detail"]]
        error = "Order not found" if problem.status_code == 404 else " ".join(reasons)
        answer = Response({"error": error}, status=problem.status_code)
        for name in ("WWW-Authenticate", "Retry-After"):
            if name in problem:
                answer[name] = problem[name]
        return answer


def _wanted(data: Any, order: Order) -> tuple[Decimal | None, str]:
    """Return the total and the status that a body asks for."""
    if not isinstance(data, dict):
        raise ValidationError(_("Send an object with total_amount, status or both."))
    if unknown := sorted(set(data) - READ_ONLY - {"total_amount", "status"}):
        text = _("Unknown: %(names)s. Send total_amount, status or both.")
        raise ValidationError(text % {"names": ", ".join(unknown)})
    if "total_amount" not in data and "status" not in data:
        raise ValidationError(_("Send an object with total_amount, status or both."))
    total = _amount(data["total_amount"], order.currency) if "total_amount" in data else None
    status = data.get("status", "")
    if "status" in data and status not in OrderStatus.values:
        text = _("status has to be one of %(names)s.")
        raise ValidationError(text % {"names": ", ".join(OrderStatus.values)})
    return total, status


def _amount(value: Any, currency: str) -> Decimal:
    """Return a total given as a decimal string, or as a number that is exact."""
    text = value if isinstance(value, str) else ""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        # A power of ten may be too long to be written out.
        amount = Decimal(value)
        text = f"{amount:f}" if abs(amount.adjusted()) < 20 else ""
    if not DECIMAL.fullmatch(text):
        raise ValidationError(_('total_amount has to be a decimal, such as "19.90".'))
    amount = Decimal(text)
    if amount < 0:
        raise ValidationError(_("total_amount must not be negative."))
    if amount != round_amount(amount, currency):
        text = _("total_amount has more digits than %(currency)s knows.")
        raise ValidationError(text % {"currency": currency})
    return amount


METHODS = {"get": "retrieve", "put": "update"}
plain_order = PlainOrderView.as_view(METHODS)
# The same with a slash at its end; described once.
plain_order_slash = PlainOrderView.as_view(METHODS, schema=None)
