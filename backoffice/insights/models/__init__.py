from backoffice.insights.models.check import CheckRun, DataCheck, InvariantRun
from backoffice.insights.models.metric import (
    Bottleneck,
    DailyMetric,
    DailyStock,
    StageTime,
    Watermark,
)

__all__ = [
    "Bottleneck",
    "CheckRun",
    "DailyMetric",
    "DailyStock",
    "DataCheck",
    "InvariantRun",
    "StageTime",
    "Watermark",
]
