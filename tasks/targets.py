"""What a workflow does to a product's subscription. Importable without the models."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Target(TextChoices):
    """What a workflow does to a product's subscription; SYSTEM is tied to no product and makes it a task."""

    CREATE = "CREATE", _("Create")
    MODIFY = "MODIFY", _("Modify")
    TERMINATE = "TERMINATE", _("Terminate")
    VALIDATE = "VALIDATE", _("Validate")
    RECONCILE = "RECONCILE", _("Reconcile")
    SYSTEM = "SYSTEM", _("System")
