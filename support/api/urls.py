"""The routes of support."""

from django.urls import path

from support.api.views import (
    SupportMessageViewSet,
    SurveyAnswerView,
    SurveyViewSet,
    TicketViewSet,
)

ROUTES = [
    ("tickets", TicketViewSet),
    ("surveys", SurveyViewSet),
    ("support-messages", SupportMessageViewSet),
]
EXTRA = [path("survey-answers/", SurveyAnswerView.as_view(), name="survey-answers")]
