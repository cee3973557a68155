"""The admin's pages on people, their roles and sign-ins."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, BaseUserCreationForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts import services
from accounts.models import Login, Membership, User
from accounts.roles import ADMIN, ROLES
from accounts.services import audit
from datastream.core.admin import NOTHING, Admin, PlainLinks, ReadOnly, person
from datastream.core.errors import ConflictError

CHANGED_BY_SERVICE = ("username", "email", "is_active")


class NewUserForm(BaseUserCreationForm):  # type: ignore[type-arg]  # generic for the checker only
    class Meta(BaseUserCreationForm.Meta):
        model = User
        fields = ("username", "email")


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Another's password; whoever was signed in with the old one no longer is."""

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> User:
        user: User = super().save(*args, **kwargs)
        services.password_changed(user)
        return user


class RoleInline(PlainLinks, admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    fields = ("group",)
    verbose_name_plural = "roles"

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 1


@admin.register(User)
class PeopleAdmin(Admin, UserAdmin):  # type: ignore[type-arg]
    about = "Who may sign in, and in which roles."
    is_counted = True
    add_form = NewUserForm
    change_password_form = PasswordForm
    list_display = ("username", "email", "shown_roles", "is_active", "last_login", "created_at")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "email")
    ordering = ("username",)
    filter_horizontal = ()
    date_hierarchy = "created_at"
    readonly_fields = ("is_superuser", "last_login", "created_at", "updated_at")
    inlines = (RoleInline,)
    actions = ("end_sign_ins",)
    fieldsets = (
        (None, {"fields": ("username", "email", "password", "is_active", "is_superuser")}),
        ("Times", {"fields": ("last_login", "created_at", "updated_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "email", "password1", "password2"),
                "description": f"Without a role below the user becomes {settings.DEFAULT_ROLE}.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="roles")
    def shown_roles(self, user: User) -> str:
        return ", ".join(user.roles) or NOTHING

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.save()
            audit.record("user.created", of=("user", obj.pk))
            return
        data = {name: form.cleaned_data[name] for name in form.changed_data}
        data = {name: value for name, value in data.items() if name in CHANGED_BY_SERVICE}
        if obj.pk == person(request).pk and not obj.is_active:
            raise ConflictError("You cannot shut yourself out; another admin can.")
        if data:
            services.change_user(person(request), obj, data)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        formset.save(commit=False)  # tells the history what has changed
        kept = [one.cleaned_data for one in formset.forms if one.cleaned_data.get("group")]
        roles = {one["group"].name for one in kept if not one.get("DELETE")}
        user = form.instance
        if not roles and not change:
            roles = {settings.DEFAULT_ROLE}
        is_own = user.pk == person(request).pk
        if is_own and not user.is_superuser and ADMIN not in roles:
            raise ConflictError("You cannot take the admin's role from yourself.")
        services.set_roles(user, sorted(roles))

    # -------------------------------------------------------------- leaving
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what is removed: the person; what they made stays, under a name of no one."""
        told = [f"{user}: name, e-mail address, password, roles and sign-ins" for user in objs]
        lacking = () if self.has_delete_permission(request) else ("users",)
        return told, {"users": len(told)}, set(lacking), []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        if obj.pk == person(request).pk:
            raise ConflictError("You cannot remove yourself; another admin can.")
        services.remove_user(obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            self.delete_model(request, user)

    @admin.action(description="End all sign-ins of the selected users", permissions=["change"])
    @transaction.atomic
    def end_sign_ins(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            services.end_logins(user)
            services.end_sessions(user)
            audit.record("logins.ended", of=("user", user.pk))
        self.message_user(request, "Their sign-ins have ended, over the API and in browsers.")


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(Admin, GroupAdmin):
    about = "What each role may do. Changes work from the next request on."
    list_display = ("name", "members")
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        groups: QuerySet[Group] = super().get_queryset(request)
        return groups.annotate(members=Count("membership"))

    @admin.display(description="members", ordering="members")
    def members(self, group: Any) -> int:
        return int(group.members)

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        return ("name",) if obj and obj.name in ROLES else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_ours = obj is not None and obj.name in ROLES
        return not is_ours and super().has_delete_permission(request, obj)


@admin.register(Login)
class LoginAdmin(ReadOnly):
    about = "Sign-ins through the API."
    list_display = ("user", "created_at", "expires_at", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = ("id", "user", "created_at", "expires_at", "ended_at")
