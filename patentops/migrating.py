"""Migrations without rendering half of the models anew at every step.

Django keeps a registry of historical models and, for each new table, column or constraint, builds
that model and all its relatives again: a hundred and fifty classes for one check constraint. The
SQL needs none of it. Here a new model joins the registry as it does when an app is loaded, a new
field joins its class, and constraints, indexes and triggers only change their lists. Data
migrations still get a registry rendered from scratch (`is_delayed`), and every other operation
goes Django's way.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Field, Model
from django.db.models.fields import NOT_PROVIDED

LOCK_PATIENCE = "2s"
LISTS = ("constraints", "indexes", "triggers")  # of a model's options: no class is built from them


class GrowingState(ProjectState):
    """A project state whose rendered models grow in place."""

    _relations: Any  # django-stubs does not know it

    def _rendered(self, app_label: str, model_name: str) -> type[Model]:
        self.is_delayed = True
        return self.apps.get_model(app_label, model_name)

    @property
    def _is_rendered(self) -> bool:
        return "apps" in self.__dict__  # hasattr would render it

    def add_model(self, model_state: ModelState) -> None:
        """Django's, but what the new model refers to stays as it is."""
        key = model_state.app_label, model_state.name_lower
        if not self._is_rendered or key in self.models:
            super().add_model(model_state)
            return
        self.models[key] = model_state
        if self._relations is not None:
            self.resolve_model_relations(key)
        self.is_delayed = True
        self.apps.render_multiple([model_state])

    def add_field(
        self, app_label: str, model_name: str, name: str, field: Any, preserve_default: bool
    ) -> None:
        """Django's, but the field joins the class that is there."""
        if not self._is_rendered:
            super().add_field(app_label, model_name, name, field, preserve_default)
            return
        kept: Field[Any, Any] = field
        if not preserve_default:
            kept = field.clone()
            kept.default = NOT_PROVIDED
        key = app_label, model_name
        self.models[key].fields[name] = kept
        if self._relations is not None:
            self.resolve_model_field_relations(key, name, kept)
        self._rendered(app_label, model_name).add_to_class(name, kept.clone())
        self.apps.clear_cache()

    def reload_model(self, app_label: str, model_name: str, delay: bool = False) -> None:
        """Django's, unless nothing but the lists has changed since the model was rendered."""
        if not self._is_rendered or not self._is_drawn(app_label, model_name):
            super().reload_model(app_label, model_name, delay)
            return
        options = self.models[app_label, model_name].options
        model = self._rendered(app_label, model_name)
        for name in LISTS:
            if name in options:
                setattr(model._meta, name, list(options[name]))

    def alter_model_managers(self, app_label: str, model_name: str, managers: Any) -> None:
        """Django's: what managers are made of cannot be compared."""
        self.models[app_label, model_name].managers = list(managers)
        super().reload_model(app_label, model_name, delay=True)

    def _is_drawn(self, app_label: str, model_name: str) -> bool:
        """Whether the rendered model has these very fields, and these options but for the lists."""
        state = self.models[app_label, model_name]
        try:
            meta = self.apps.get_model(app_label, model_name)._meta
        except LookupError:
            return False
        drawn = {field.name: field for field in (*meta.local_fields, *meta.local_many_to_many)}
        ours = {"app_label", "apps", *LISTS}
        given = {k: v for k, v in meta.original_attrs.items() if k not in ours}
        wanted = {k: v for k, v in state.options.items() if k not in ours}
        return (
            given == wanted
            and drawn.keys() == state.fields.keys()
            and all(
                field.deconstruct()[1:] == drawn[name].deconstruct()[1:]
                for name, field in state.fields.items()
            )
        )

    def _append_option(self, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
        """A constraint or an index more."""
        options = self.models[app_label, model_name].options
        options[option_name] = [*options[option_name], obj]
        if self._is_rendered:
            model = self._rendered(app_label, model_name)
            setattr(model._meta, option_name, list(options[option_name]))


class GrowingExecutor(MigrationExecutor):
    """Django's executor over a state that grows. (Its clones do not: they only look back.)"""

    def apply_migration(self, state: ProjectState, migration: Any, *args: Any, **how: Any) -> Any:
        """Django's, but whoever waits for a table gives up before all others stand behind it.

        A migration without a transaction waits as long as it must: it takes no lock that blocks.
        """
        with self.connection.cursor() as cursor:
            patience = LOCK_PATIENCE if migration.atomic else "0"
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [patience])
        return super().apply_migration(state, migration, *args, **how)

    def _migrate_all_forwards(self, state: ProjectState, *plans: Any, **more: Any) -> ProjectState:
        grows = GrowingState(state.models, state.real_apps)
        result: ProjectState = super()._migrate_all_forwards(grows, *plans, **more)  # type: ignore[misc]
        return result
