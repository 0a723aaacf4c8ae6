"""Payout accounts, bank details and payout batches over the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.creation import Creation, Made
from backoffice.core.api.references import ids_of
from backoffice.core.api.verbs import Verb
from backoffice.core.api.views import DocumentViewSet, SettingsViewSet
from finance import filters
from finance.models import BankDetails, PayoutAccount, PayoutBatch
from finance.services.bank_details import (
    ProposeDetails,
    approve_bank_details,
    propose_bank_details,
    reject_bank_details,
)
from finance.services.payout_batches import (
    approve_batches,
    cancel_batches,
    download_batch,
    gather_payouts,
    pay_batches,
    send_batches,
    take_back_batches,
)
from inventory.models import Seller


class PayoutAccountSerializer(serializers.ModelSerializer):
    class Meta:
        model = PayoutAccount
        fields = [
            *("id", "code", "name", "currency", "account_number", "bank_code", "file_format"),
            *("company_id", "is_active"),
        ]
        extra_kwargs = {"account_number": {"write_only": True}}


class BankDetailsInput(serializers.Serializer):
    seller = serializers.CharField(max_length=40)
    currency = serializers.CharField(max_length=3)
    holder = serializers.CharField(max_length=70)
    account_number = serializers.CharField(max_length=50)
    bank_code = serializers.CharField(max_length=14, required=False, allow_blank=True, default="")


class BankDetailsSerializer(serializers.ModelSerializer):
    seller = serializers.CharField(source="seller.code")

    class Meta:
        model = BankDetails
        fields = [
            *("id", "number", "seller", "currency", "holder", "ending", "bank_code", "status"),
            *("created_by_id", "approved_by_id", "approved_at", "version"),
        ]


class BatchInput(serializers.Serializer):
    account = serializers.CharField(max_length=40)
    execute_on = serializers.DateField()


class BatchSerializer(serializers.ModelSerializer):
    account = serializers.CharField(source="account.code")

    class Meta:
        model = PayoutBatch
        fields = [
            *("id", "number", "account", "currency", "execute_on", "status", "payout_count"),
            *("total_amount", "created_by_id", "approved_by_id", "approved_at", "sent_at"),
            *("paid_at", "returned_at", "version"),
        ]


class PayoutFileSerializer(serializers.Serializer):
    name = serializers.CharField()
    sha256 = serializers.CharField()
    content = serializers.CharField()


def propose(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Propose bank details of sellers; a second person puts them into use."""
    sellers = ids_of(Seller.objects.all(), "code", (item["seller"] for item in items))
    commands = [
        ProposeDetails(
            sellers.get(item["seller"], 0),
            item["currency"],
            item["holder"],
            item["account_number"],
            item["bank_code"],
        )
        for item in items
    ]
    done = propose_bank_details(commands, now=now)
    return Made.of(done.created, {}, done.refused)


def gather(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Gather the open payouts of accounts into batches; a second person approves them."""
    accounts = ids_of(PayoutAccount.objects.all(), "code", (item["account"] for item in items))
    made = Made({}, {}, {})
    for n, item in enumerate(items):
        pk = accounts.get(item["account"], 0)
        done = gather_payouts([pk], execute_on=item["execute_on"], now=now)
        if done.refused:
            made.refused = {**made.refused, n: [done.refused[pk]]}
        else:
            made.created = {**made.created, n: [done.created[pk]]}
    return made


class PayoutAccountViewSet(SettingsViewSet):
    """Accounts of the company that payouts are made from."""

    queryset = PayoutAccount.objects.all()
    serializer_class = PayoutAccountSerializer


class BankDetailsViewSet(DocumentViewSet):
    """Where sellers' money goes; of the account only its last characters are told."""

    queryset = BankDetails.objects.select_related("seller")
    serializer_class = BankDetailsSerializer
    filterset_class = filters.BankDetailsFilter
    creation = Creation(BankDetailsInput, propose, "finance.add_bankdetails")
    verbs = (
        Verb("approve", approve_bank_details, "finance.approve_bankdetails"),
        Verb("reject", reject_bank_details, "finance.approve_bankdetails"),
    )


class BatchViewSet(DocumentViewSet):
    """Payout batches: gathered, approved by a second person, written as a file for the bank."""

    queryset = PayoutBatch.objects.select_related("account")
    serializer_class = BatchSerializer
    filterset_class = filters.PayoutBatchFilter
    creation = Creation(BatchInput, gather, "finance.change_payout")
    verbs = (
        Verb("approve", approve_batches, "finance.approve_payout"),
        Verb("cancel", cancel_batches, "finance.approve_payout"),
        Verb("send", send_batches, "finance.send_payout"),
        Verb("pay", pay_batches, "finance.send_payout"),
        Verb("take_back", take_back_batches, "finance.send_payout"),
    )

    @extend_schema(request=None, responses=PayoutFileSerializer)
    @action(detail=True, methods=["post"])
    def file(self, request: Request, **kwargs: Any) -> Response:
        """Hand the file of a sent batch out; who took it is kept."""
        file = download_batch(self.get_object().pk, now=timezone.now())
        return Response(PayoutFileSerializer(file).data)

    file.permission = "finance.send_payout"  # type: ignore[attr-defined]
