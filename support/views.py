"""The page on which a customer answers a survey."""

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backoffice.core.actor import acting_job
from support.choices import SurveyStatus
from support.models import Survey
from support.services.commands import SurveyAnswer
from support.services.surveys import answer_surveys
from support.tokens import survey_number


@never_cache
@require_http_methods(["GET", "POST"])
def survey_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question (GET), take the answer (POST); a mail scanner's GET changes nothing."""
    survey = Survey.objects.filter(number=survey_number(token) or None).first()
    if survey is None:
        raise Http404
    context = {
        "scores": range(1, 6),
        "is_done": survey.status == SurveyStatus.ANSWERED,
        "error": "",
    }
    if request.method == "POST" and not context["is_done"]:
        score = request.POST.get("score", "")
        if score in ("1", "2", "3", "4", "5"):
            comment = request.POST.get("comment", "").replace("\x00", "")[:5000]
            with acting_job("system"):
                answer = SurveyAnswer(survey.pk, int(score), comment)
                answer_surveys([answer], now=timezone.now())
            context["is_done"] = True
        else:
            context["error"] = _("Please choose a number.")
    return TemplateResponse(request, "support/survey.html", context)
