"""How fast mails may leave, and what stops a mailing by itself."""
