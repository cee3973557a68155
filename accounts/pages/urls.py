"""Routes of the account page and of signing in; of the library's only those that we want."""

from allauth.account import views as library
from allauth.mfa.base import views as second_step
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as elsewhere
from django.contrib.auth.decorators import login_required
from django.urls import path

from accounts.pages import credentials, oidc, sessions, views

urlpatterns = [
    path("", views.profile, name="account"),
    path("login/", library.login, name="account_login"),
    path("logout/", library.logout, name="account_logout"),
    path("inactive/", library.account_inactive, name="account_inactive"),
    path("reauthenticate/", library.reauthenticate, name="account_reauthenticate"),
    path("signup/", views.sign_up, name="account_signup"),
    path("email/", views.change_email, name="account_email"),
    path("password/change/", views.change_password, name="account_change_password"),
    path("activity/", views.activity, name="account_activity"),
    path("keys/", credentials.show_keys, name="account_keys"),
    path("keys/<uuid:pk>/revoke/", credentials.revoke_key, name="account_revoke_key"),
    path("applications/", credentials.show_applications, name="account_applications"),
    path("applications/<int:pk>/secret/", credentials.new_secret, name="account_new_secret"),
    path(
        "applications/<int:pk>/delete/",
        credentials.delete_application,
        name="account_delete_application",
    ),
    path("grants/", credentials.show_grants, name="account_grants"),
    path("grants/<int:pk>/withdraw/", credentials.withdraw, name="account_withdraw"),
    path("sessions/", sessions.show, name="account_sessions"),
    path("sessions/others/end/", sessions.end_others, name="account_end_others"),
    path("sessions/<int:pk>/end/", sessions.end, name="account_end_session"),
    path("sign-ins/<uuid:pk>/end/", sessions.end_login, name="account_end_login"),
    path("2fa/", second_step.index, name="mfa_index"),
    path("2fa/authenticate/", second_step.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", second_step.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", login_required(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/generate/",
        login_required(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("elsewhere/", elsewhere.connections, name="socialaccount_connections"),
    path("elsewhere/cancelled/", elsewhere.login_cancelled, name="socialaccount_login_cancelled"),
    path("oidc/login/", oidc.login, {"provider_id": "oidc"}, name="openid_connect_login"),
    path("oidc/callback/", oidc.callback, {"provider_id": "oidc"}, name="openid_connect_callback"),
]
