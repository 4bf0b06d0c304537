"""The admin: what an operator sees and may do, all of it in the admin log."""
