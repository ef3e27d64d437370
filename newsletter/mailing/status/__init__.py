"""What a mailing looks like at this moment, as a whole and person by person."""
