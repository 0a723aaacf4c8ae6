"""The filters of the demo's settings."""

from backoffice.core.filtering import plain
from backoffice.replay.models import DemoSettings

DemoSettingsFilter = plain(DemoSettings, "is_active")
