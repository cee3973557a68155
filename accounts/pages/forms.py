"""Forms of the pages; what a service refuses stands beside its field."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar

from allauth.account.forms import LoginForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse

from accounts import selectors
from accounts.models import User
from accounts.passwords import LONGEST
from accounts.services.keys import USUAL_LIFE
from datastream.core import clock
from datastream.core.errors import ConflictError, InvalidInputError, NotAllowedError
from datastream.core.scopes import SCOPES

Done = TypeVar("Done")
LONGEST_NAME, LONGEST_KEY_NAME = 254, 100


def attempt(form: forms.Form, do: Callable[[], Done]) -> Done | None:
    """Do what a service does, or tell on the form why it is refused."""
    try:
        return do()
    except (InvalidInputError, ConflictError, NotAllowedError) as error:
        for field, messages in error.details.items():
            told = messages if isinstance(messages, list) else [str(messages)]
            form.add_error(field if field in form.fields else None, told)
        if not error.details:
            form.add_error(None, error.message)
    return None


def password_field(label: str, autocomplete: str, **more: Any) -> forms.CharField:
    # Not `max_length`, with which a browser would cut a long password short without a word.
    return forms.CharField(
        label=label,
        strip=False,
        validators=[MaxLengthValidator(LONGEST, f"A password has at most {LONGEST} characters.")],
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        **more,
    )


def new_password_field(label: str = "New password") -> forms.CharField:
    rules = " ".join(password_validators_help_texts())
    return password_field(label, "new-password", help_text=rules)


class SignInForm(LoginForm):
    """User name or e-mail address, and password, as the API takes them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attributes = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        self.fields["login"] = forms.CharField(
            label="User name or e-mail address",
            max_length=LONGEST_NAME,
            widget=forms.TextInput(attrs=attributes),
        )
        self.fields["password"] = password_field("Password", "current-password")
        self.fields["remember"].label = "Stay signed in on this device for 14 days"
        self.order_fields(["login", "password", "remember"])

    def user_credentials(self) -> dict[str, str]:
        """Return what our own backend takes, which tells names and addresses apart."""
        sent = self.cleaned_data
        return {"username": sent["login"], "password": sent["password"]}

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        answer: HttpResponse = super().login(request, redirect_url)
        if self.cleaned_data["remember"]:
            # A moment and not a time: what is done in the session does not prolong it.
            ends = clock.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
            request.session.set_expiry(ends)
        return answer


class SignUpForm(forms.Form):
    username = forms.CharField(
        label="User name",
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    email = forms.EmailField(
        label="E-mail address",
        max_length=LONGEST_NAME,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = new_password_field("Password")


class PasswordForm(forms.Form):
    current_password = password_field("Your password now", "current-password")
    new_password = new_password_field()
    again = password_field("The new password once more", "new-password")

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("new_password", again):
            raise forms.ValidationError("This is not the same.")
        return again


class EmailForm(forms.Form):
    email = forms.EmailField(
        label="New e-mail address",
        max_length=LONGEST_NAME,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    current_password = password_field("Your password", "current-password")


class KeyForm(forms.Form):
    """A new key; only scopes that the user's roles can use are offered."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_KEY_NAME,
        help_text="What it is for, such as the program that will use it.",
    )
    scopes = forms.MultipleChoiceField(
        label="What it may be used for", widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateField(
        label="Good until the end of (UTC)",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="At most a year from now.",
        input_formats=["%Y-%m-%d"],
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable = selectors.scopes_of(user)
        choices = [(name, f"{name}: {says}") for name, says in SCOPES.items() if name in usable]
        # The field of this form alone; the class's own is shared by all.
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)  # noqa: S101 - tells the type checker
        scopes.choices = choices
        self.fields["expires_at"].initial = (clock.now() + USUAL_LIFE).date().isoformat()

    @property
    def ends(self) -> datetime:
        """The last second of the chosen day."""
        last = self.cleaned_data["expires_at"]
        return datetime.combine(last, time(), UTC) + timedelta(days=1, seconds=-1)


class ApplicationForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=100, help_text="People read it when they are asked for access."
    )
    kind = forms.ChoiceField(
        label="Where it runs",
        choices=[
            ("confidential", "On a server, which can keep a secret"),
            ("public", "On people's own devices or in browsers, which cannot"),
        ],
    )
    grants = forms.ChoiceField(
        label="Whom it acts for",
        choices=[
            ("code", "For people who allow it to (authorization code with PKCE)"),
            ("credentials", "For you alone (client credentials)"),
        ],
    )
    redirect_uris = forms.CharField(
        label="Addresses that people may be sent back to, one a line",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        required=False,
        help_text="With https; http for this machine's own loopback address only. "
        "None for client credentials.",
    )
