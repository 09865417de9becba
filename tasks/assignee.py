"""Who is expected to answer an input step."""

from django.db.models import TextChoices


class Assignee(TextChoices):
    """A group of people that an `inputstep` waits for; SYSTEM waits for nobody."""

    NOC = "NOC", "NOC"
    KLANT_SUPPORT = "KLANT_SUPPORT", "Klant support"
    SYSTEM = "SYSTEM", "System"
    CHANGES = "CHANGES", "Changes"
