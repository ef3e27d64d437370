"""What people wish of a mailing, and what holds it: pauses, times, quiet hours, approval."""
