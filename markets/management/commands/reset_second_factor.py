"""`manage.py reset_second_factor NAME`: for somebody who lost their authenticator and codes."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from markets.database import need_migrated
from markets.people.security import reset_second_factor

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Take a second factor away."""

    help = "Take away somebody's second factor and recovery codes, and end their sessions."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whose, and why."""
        parser.add_argument("name")
        parser.add_argument("--note", default="", help="why; kept in the log")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it, and say what was there."""
        need_migrated()
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(f"there is nobody named {options['name']}")
        with transaction.atomic():
            removed = reset_second_factor(user)
            sessions = UserSession.objects.filter(user=user)
            ended = len(sessions)
            for session in sessions:
                session.end()
        logger.warning("second factor of %s reset: %s", user, options["note"] or "no reason given")
        said = "had no second factor" if not removed else "logs in by password alone now"
        self.stdout.write(f"{user} {said}; {ended} session{'' if ended == 1 else 's'} ended")
