"""Keys for providers: kept encrypted, told to nobody."""

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.services import audit
from connectors.models import ProviderCredential
from connectors.services import connector_named
from datastream.core.encryption import Secret
from datastream.core.errors import ConflictError, InvalidInputError

SECRET_MAX = 4096
TAKEN = "There is a key of this owner with this label for this connector."


def keep_credential(connector: str, owner: User, *, label: str, secret: str) -> ProviderCredential:
    """Keep a key for a provider."""
    name = connector_named(connector).name
    return _saved(
        ProviderCredential(
            connector=name, owner=owner, label=label, secret=Secret.of(_checked(secret))
        ),
        "created",
    )


def change_credential(
    credential: ProviderCredential, *, label: str, secret: str = ""
) -> ProviderCredential:
    """Rename a key, and replace its secret where another is given."""
    credential.label = label
    if not secret:
        return _saved(credential, "changed", "label", "updated_at")
    credential.secret = Secret.of(_checked(secret))
    return _saved(credential, "replaced", "label", "secret", "updated_at")


@transaction.atomic
def delete_credential(credential: ProviderCredential) -> None:
    audit.record("credential.deleted", of=("provider_credential", credential.pk))
    credential.delete()


def _checked(secret: str) -> str:
    if not secret.strip() or len(secret) > SECRET_MAX:
        raise InvalidInputError.of(
            "secret", f"1 to {SECRET_MAX} characters, not all of them blank."
        )
    return secret


def _saved(credential: ProviderCredential, change: str, *fields: str) -> ProviderCredential:
    try:
        with transaction.atomic():
            credential.save(update_fields=fields or None)
            audit.record(
                f"credential.{change}",
                of=("provider_credential", credential.pk),
                connector=credential.connector,
            )
    except IntegrityError as error:
        raise ConflictError(TAKEN) from error
    return credential
