"""What files written for SQLAlchemy still ask of the models, and the sentence that says what to write instead."""

from __future__ import annotations

from typing import Any, NoReturn


class RetiredQuery:
    """Stands where SQLAlchemy's models had `query`. Raises AttributeError, so that `hasattr` stays right."""

    def __get__(self, instance: Any, model: type) -> NoReturn:
        name = model.__name__
        raise AttributeError(
            f"{name}.query was SQLAlchemy; {name} is a Django model now. Write {name}.objects: for example "
            f'{name}.query.filter({name}.description.like("Node%Provisioned")).all() becomes '
            f'{name}.objects.filter(description__startswith="Node", description__endswith="Provisioned").'
        )
