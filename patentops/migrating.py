"""Migrations without rendering half of the models anew at every step.

Django keeps a registry of historical models and, for each new table, column or constraint, builds
that model and all its relatives again: a hundred and fifty classes for one check constraint. The
SQL needs none of it. Here a new model joins the registry as it does when an app is loaded, a new
field joins its class, and a new constraint or index joins its list. Data migrations still get a
registry rendered from scratch (`is_delayed`), and every other operation goes Django's way.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Field, Model
from django.db.models.fields import NOT_PROVIDED


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

    def _append_option(self, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
        """A constraint or an index more."""
        options = self.models[app_label, model_name].options
        options[option_name] = [*options[option_name], obj]
        if self._is_rendered:
            model = self._rendered(app_label, model_name)
            setattr(model._meta, option_name, list(options[option_name]))


class GrowingExecutor(MigrationExecutor):
    """Django's executor over a state that grows. (Its clones do not: they only look back.)"""

    def _migrate_all_forwards(self, state: ProjectState, *plans: Any, **more: Any) -> ProjectState:
        grows = GrowingState(state.models, state.real_apps)
        result: ProjectState = super()._migrate_all_forwards(grows, *plans, **more)  # type: ignore[misc]
        return result
