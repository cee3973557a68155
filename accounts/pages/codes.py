"""The second step of a sign-in: codes from an app, or those kept for when it is lost."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as library
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.http import HttpRequest

from accounts.services import second_factor

LONGEST = 32


class CodeStage(AuthenticateStage):
    """Asks for a code, but not those whom the provider elsewhere has let in."""

    def _should_handle(self, request: HttpRequest) -> bool:
        records = get_authentication_records(request, self.login.user)
        if records and records[-1]["method"] == "socialaccount":
            return False
        return bool(super()._should_handle(request))


def code_field() -> forms.CharField:
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
    return forms.CharField(
        label="Code", max_length=LONGEST, widget=forms.TextInput(attrs=attributes)
    )


class CodeForm(library.AuthenticateForm):
    """A code is good once, which the database knows; failures count as those of passwords do."""

    is_again = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = code_field()

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        if not second_factor.use_code(self.user, code):
            raise get_adapter().validation_error("incorrect_code")
        used = Authenticator.objects.filter(user=self.user, last_used_at__isnull=False)
        self.authenticator = used.latest("last_used_at")
        return code

    def save(self) -> None:
        post_authentication(context.request, self.authenticator, reauthenticated=self.is_again)


class CodeAgainForm(CodeForm):
    is_again = True


class SwitchOnForm(ActivateTOTPForm):
    """The first code from the app, which proves that it has the secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = code_field()
        self.fields["code"].label = "Code that the app shows"
