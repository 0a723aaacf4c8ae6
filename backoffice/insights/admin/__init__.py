from backoffice.insights.admin import checks, metrics

__all__ = ["checks", "metrics"]
