"""Whom a mailing goes to, decided and frozen in one transaction."""
