"""What people's second factors keep encrypted, for the command that changes the key."""

from allauth.mfa.models import Authenticator

from datastream.core.rotation import Holder, rotated

rotated.add(Holder("mfa_authenticator", Authenticator.objects.all, ("data",)))
