"""How moments are written on pages: the same way everywhere, in UTC."""
