"""Short series to each new subscriber, as small mailings of their own."""
