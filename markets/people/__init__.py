"""People: signing up, logging in, second factor, sessions. The library (django-allauth) does the work.

Rules:
- There is one door: pages and admin are entered by `/login/`, so a second factor holds for both.
- Nobody learns by a log-in, a sign-up or a forgotten password whether a mail address is known here.
- What was tried wrongly is counted by address and by account, in the database that all processes share.
- A session that is ended, or whose password was changed, opens nothing from then on; its trading sockets are
  closed when they look again.
"""
