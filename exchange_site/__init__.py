"""The Django project: settings, addresses, and the three ways in."""
