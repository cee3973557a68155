"""What is asked of those who make a feed or fill it back, and what is wrong with their answers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator

from connectors import schedules, services
from connectors.base import Product, Window
from connectors.models import LONGEST_LOOKBACK_DAYS, Feed, ProviderCredential
from connectors.registry import connectors
from datastream.core.errors import InvalidInputError

ASKED = (
    "What its product asks for, as JSON, such as "
    '{"stations": ["USW00024233"], "start": "2020-01-01"}; docs/reference/connectors has all.'
)
WHEN = (
    '{"every": "6h"} (m, h, d; at least 5m) or {"cron": "30 6 * * *"} in UTC; empty: by hand only.'
)
BACK = "How far back each run asks again, for values that were revised."


class KeyField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the checker only
    """Keys told apart by their owners, without reading one."""

    def __init__(self) -> None:
        keys = ProviderCredential.objects.select_related("owner")
        told = keys.only("connector", "label", "owner__username").order_by("connector", "label")
        super().__init__(told, required=False, empty_label="None")

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.connector}: {obj.label} ({obj.owner.username})"


class FeedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Checks what a feed asks for as its product does, field by field."""

    connector = forms.ChoiceField()
    product = forms.ChoiceField(required=False, help_text="The connector's first one if left out.")
    credential = KeyField()

    class Meta:
        model = Feed
        fields: ClassVar[list[str]] = []
        help_texts: ClassVar[dict[str, str]] = {
            "parameters": ASKED,
            "schedule": WHEN,
            "lookback_days": BACK,
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "parameters": forms.Textarea({"rows": 6, "cols": 60, "spellcheck": "false"}),
            "schedule": forms.Textarea({"rows": 1, "cols": 60, "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "parameters" in self.fields:
            # An empty object is one, too.
            self.fields["parameters"].required = False
        if "lookback_days" in self.fields:
            self.fields["lookback_days"].validators.append(MaxValueValidator(LONGEST_LOOKBACK_DAYS))
        if "connector" in self.fields:
            self._start_empty()

    def _start_empty(self) -> None:
        """Choose from what is registered now; what is left out is as the product has it."""
        names = [(one.name, f"{one.name}: {one.title}") for one in connectors]
        self.fields["connector"] = forms.ChoiceField(choices=names)
        self.fields["product"].choices = _products()  # type: ignore[attr-defined]
        days = self.fields["lookback_days"]
        days.required, days.initial = False, None
        days.help_text = f"{BACK} As the product has it, if left out."
        self.initial.pop("lookback_days", None)

    def clean_parameters(self) -> dict[str, Any]:
        given = self.cleaned_data["parameters"]
        if given in (None, ""):
            return {}
        if not isinstance(given, dict):
            raise ValidationError('Write a JSON object: {"name": value, …}.')
        return given

    def clean_schedule(self) -> dict[str, str] | None:
        try:
            return schedules.check(self.cleaned_data["schedule"])
        except InvalidInputError as error:
            raise ValidationError(error.details["schedule"]) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        try:
            self._check(cleaned)
        except InvalidInputError as error:
            tell(self, error.details, otherwise="parameters")
        return cleaned

    def _check(self, cleaned: Mapping[str, Any]) -> None:
        """As the service will; a connector that is gone checks nothing."""
        connector = connectors.get(cleaned.get("connector", self.instance.connector))
        if connector is None:
            return
        product = connector.product(cleaned.get("product", self.instance.product))
        key = cleaned.get("credential")
        if key is not None and key.connector != connector.name:
            self.add_error("credential", f"This key is not for {connector.name}.")
        if "parameters" in cleaned:
            product.check(cleaned["parameters"])


class PeriodForm(forms.Form):
    """The days of a feed that are asked for again."""

    start = forms.DateField(label="First day", widget=forms.DateInput({"type": "date"}))
    end = forms.DateField(label="Last day, included", widget=forms.DateInput({"type": "date"}))

    def __init__(self, feed: Feed, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.feed = feed

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        days = {name: cleaned[name].isoformat() for name in ("start", "end")}
        try:
            services.product_of(self.feed).check({**self.feed.parameters, **days})
        except InvalidInputError as error:
            tell(self, error.details)
        return cleaned

    @property
    def window(self) -> Window:
        return Window(self.cleaned_data["start"], self.cleaned_data["end"] + timedelta(days=1))


def tell(form: forms.BaseForm, details: Mapping[str, Any], otherwise: str | None = None) -> None:
    """Put what a service would refuse at the fields that it names, or at another."""
    for name, texts in details.items():
        if name in form.fields:
            form.add_error(name, texts)
        else:
            form.add_error(otherwise, [f"{name}: {text}" for text in texts])


def is_dated(feed: Feed) -> bool:
    """Whether a feed's product is asked for days; one that is gone is asked for nothing."""
    connector = connectors.get(feed.connector)
    known: dict[str, Product] = {one.name: one for one in connector.products} if connector else {}
    return feed.product in known and known[feed.product].is_dated


def _products() -> list[Any]:
    groups = [
        (one.name, [(product.name, product.title) for product in one.products])
        for one in connectors
    ]
    return [("", "The first of the connector"), *groups]
