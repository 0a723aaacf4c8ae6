"""Which documents have a paper; what draws it is loaded when the first is asked for."""

from typing import Any

from django.utils.module_loading import import_string

PAPERS = {
    "finance.sellerstatement": "finance.papers.statements.statement_pdf",
    "finance.invoice": "finance.papers.invoices.invoice_pdf",
    "finance.creditnote": "finance.papers.invoices.credit_note_pdf",
}


def paper(document: Any) -> bytes:
    """Return a document as PDF."""
    return bytes(import_string(PAPERS[document._meta.label_lower])(document))
