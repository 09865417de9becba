"""The forms of schedules: when (timing), what and how (details), with which inputs (inputs), all together (bundle)."""

from schedules.forms.bundle import ScheduleForms
from schedules.forms.details import DetailsForm, PauseForm
from schedules.forms.timing import TimingForm

__all__ = ["DetailsForm", "PauseForm", "ScheduleForms", "TimingForm"]
