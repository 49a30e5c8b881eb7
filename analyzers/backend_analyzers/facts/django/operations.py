"""What each operation of a Django migration does to the models, and which DDL Django writes for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backend_analyzers.facts.django.field_operations import (
    add_field,
    alter_field_operation,
    remove_field,
    rename_field,
)
from backend_analyzers.facts.django.index_operations import (
    add_constraint,
    add_index,
    alter_index_together,
    alter_unique_together,
    remove_constraint,
    remove_index,
    rename_index,
)
from backend_analyzers.facts.django.model_operations import (
    alter_model_options,
    alter_model_table,
    alter_order,
    create_model,
    delete_model,
    rename_model,
)
from backend_analyzers.facts.django.step import Step
from backend_analyzers.sql.ddl import Ddl


def nothing(step: Step) -> Iterator[Ddl]:  # noqa: ARG001 - as all operations are called
    """What the database does not see."""
    yield from ()


OPERATIONS: dict[str, Callable[[Step], Iterator[Ddl]]] = {
    "CreateModel": create_model,
    "DeleteModel": delete_model,
    "RenameModel": rename_model,
    "AlterModelTable": alter_model_table,
    "AlterUniqueTogether": alter_unique_together,
    "AlterIndexTogether": alter_index_together,
    "AlterOrderWithRespectTo": alter_order,
    "AlterModelOptions": alter_model_options,
    "AlterModelManagers": nothing,
    "AlterModelTableComment": nothing,
    "AlterConstraint": nothing,
    "ValidateConstraint": nothing,
    "AddField": add_field,
    "RemoveField": remove_field,
    "AlterField": alter_field_operation,
    "RenameField": rename_field,
    "AddIndex": add_index,
    "AddIndexConcurrently": add_index,
    "RemoveIndex": remove_index,
    "RemoveIndexConcurrently": remove_index,
    "RenameIndex": rename_index,
    "AddConstraint": add_constraint,
    "AddConstraintNotValid": add_constraint,
    "RemoveConstraint": remove_constraint,
}
