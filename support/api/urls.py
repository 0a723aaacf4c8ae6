"""The routes of support."""

from django.urls import path

from support.api import views

ROUTES = [
    ("tickets", views.TicketViewSet),
    ("surveys", views.SurveyViewSet),
    ("support-messages", views.SupportMessageViewSet),
    ("queues", views.QueueViewSet),
    ("business-calendars", views.CalendarViewSet),
    ("sla-policies", views.SlaPolicyViewSet),
    ("agents", views.AgentViewSet),
    ("macros", views.MacroViewSet),
]
EXTRA = [path("survey-answers/", views.SurveyAnswerView.as_view(), name="survey-answers")]
