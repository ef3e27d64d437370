"""Creamailer: the account that a team has there, kept in step with the register."""
