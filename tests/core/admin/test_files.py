import pytest

from backoffice.core.actor import acting
from backoffice.core.files import path_of, remove_expired_files, store_file
from backoffice.core.models import User

HTML = b"<script>alert(1)</script>"


@pytest.fixture
def file(actor, settings, tmp_path, now):
    settings.MEDIA_ROOT = tmp_path
    return store_file("../../a;b.html", HTML, purpose="test", now=now)


@pytest.fixture
def url(file):
    return f"/admin/core/storedfile/{file.pk}/download/"


def test_a_file_comes_as_an_attachment_that_no_browser_runs(admin_client, url):
    response = admin_client.get(url)

    assert b"".join(response.streaming_content) == HTML
    assert response["Content-Disposition"] == 'attachment; filename="a;b.html"'
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]


def test_it_is_not_for_everybody(client, url):
    assert client.get(url).status_code == 302
    client.force_login(User.objects.create(username="ada", is_staff=True))
    assert client.get(url).status_code == 403


def test_there_is_no_way_past_the_view(admin_client, file):
    assert admin_client.get(f"/media/{path_of(file.sha256)}").status_code == 404
    assert admin_client.get(f"/static/{path_of(file.sha256)}").status_code == 404


def test_a_removed_file_is_gone_and_its_row_says_so(admin_client, file, url, now):
    type(file).objects.update(keep_until=now)
    later = now.replace(year=now.year + 1)
    with acting(file.created_by_id):
        assert remove_expired_files(now=later) == 1

    assert admin_client.get(url).status_code == 404
    page = admin_client.get(f"/admin/core/storedfile/{file.pk}/change/").content.decode()
    assert "Removed" in page
    assert "download" not in page


def test_the_list_links_to_the_content(admin_client, file, url):
    assert url in admin_client.get("/admin/core/storedfile/").content.decode()
