"""What a password may not be, beyond the framework's own rules."""

from django.core.exceptions import ValidationError

LONGEST = 128
PROJECT_WORDS = ("datastream", "climate", "password")


class LongestLengthValidator:
    """Refuse what is too long to be hashed at no cost; nothing is ever cut short."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return f"A password has at most {LONGEST} characters."


class ProjectWordsValidator:
    """Refuse passwords that are little more than a word of this project."""

    def validate(self, password: str, user: object = None) -> None:
        rest = password.lower()
        for word in PROJECT_WORDS:
            rest = rest.replace(word, "")
        if rest != password.lower() and len(rest) < 8:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return "A password is more than a word of this project with a few characters."
