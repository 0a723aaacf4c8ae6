"""What was read of files of providers and banks."""

from django.db.models import QuerySet

from finance.models import BankStatement, FileRow


def rows_of(file_id: int) -> QuerySet[FileRow]:
    """Return the rows of a file in its order."""
    return FileRow.objects.filter(file_id=file_id).order_by("row_number")


def statements_of(file_id: int) -> QuerySet[BankStatement]:
    """Return the bank statements of a file in its order."""
    return BankStatement.objects.filter(file_id=file_id).order_by("pk")
